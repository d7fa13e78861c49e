import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setUp } from "../src/setup/set-up.ts";
import { provideChromium } from "./support/chromium.ts";
import { descendants } from "./support/processes.ts";

/*
 * What `bun run test` runs: set-up, the checks, then every test. The last line of standard output is
 * the plain count; a check that fails counts as one failure, and does not keep the tests from running.
 */

const ROOT = join(import.meta.dir, "..");

/** A guard for all together: the suite takes six or seven on two cores. */
const TIME_LIMIT_MS = 10 * 60_000;

/** For one test, where its file says nothing else: a machine that does other things as well is no failure. */
const TEST_LIMIT_MS = 20_000;

/** Each run by this same Bun, so that neither it nor Node has to be on PATH. */
const CHECKS = [
  { name: "types", command: ["check", "--no-script"] },
  { name: "lint", command: [program("oxlint"), "--type-aware", "--deny-warnings"] },
  { name: "format", command: ["fmt", "--check", "--no-script"] },
  { name: "unused code", command: [program("knip"), "--no-progress"] },
];

interface Count {
  passed: number;
  failed: number;
}

const deadline = setTimeout(() => void giveUp(), TIME_LIMIT_MS);

try {
  await setUp({ development: true });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  finish({ passed: 0, failed: 1 });
}
const failedChecks: string[] = [];
try {
  await provideChromium();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  failedChecks.push("a browser");
}
for (const { name, command } of CHECKS) {
  console.log(`\n── ${name}`);
  if ((await run(command)) !== 0) failedChecks.push(name);
}
console.log("\n── tests");
const tests = await runTests();
if (failedChecks.length > 0) console.log(`\nFailed checks: ${failedChecks.join(", ")}`);
finish({ passed: tests.passed, failed: tests.failed + failedChecks.length });

function program(name: string): string {
  return join(ROOT, "node_modules", ".bin", name);
}

/** @returns the exit code */
async function run(args: string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    env: { ...process.env, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return child.exited;
}

/** Counts come from the report, not from what the runner prints for people. */
async function runTests(): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), "berth-report-"));
  const report = Bun.file(join(folder, "junit.xml"));
  const code = await run([
    "test",
    "--isolate",
    `--timeout=${TEST_LIMIT_MS}`,
    "--reporter=junit",
    `--reporter-outfile=${report.name}`,
  ]);
  const totals = (await report.exists()) ? /<testsuites[^>]*>/.exec(await report.text())?.[0] : undefined;
  rmSync(folder, { recursive: true });
  const count = (attribute: string) =>
    Number(new RegExp(`\\b${attribute}="(\\d+)"`).exec(totals ?? "")?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const passed = count("tests") - failed - count("skipped");
  // A crash of the runner, or a run of no tests at all, is a failure whatever was counted.
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

async function giveUp(): Promise<never> {
  console.error(`The tests did not end within ${TIME_LIMIT_MS / 60_000} minutes`);
  // The runner of the tests comes first, or it would go on with the next.
  for (const pid of await descendants(process.pid)) end(pid);
  return finish({ passed: 0, failed: 1 });
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function finish({ passed, failed }: Count): never {
  clearTimeout(deadline);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
