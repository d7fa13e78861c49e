import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setUp } from "../src/setup/set-up.ts";

/*
 * What `bun run test` runs: set-up, the checks, then every test. The last line of standard output is
 * the plain count, a failed check counting as a failure.
 */

const ROOT = join(import.meta.dir, "..");
/** All together; the suite takes a fraction of it. */
const TIME_LIMIT_MS = 20 * 60_000;

const CHECKS = [
  { name: "types", command: ["bun", "check", "--no-script"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "format", command: ["bun", "fmt", "--check", "--no-script"] },
  { name: "unused code", command: ["knip", "--no-progress"] },
];

const deadline = setTimeout(() => {
  console.error(`The tests did not end within ${TIME_LIMIT_MS / 60_000} minutes`);
  running?.kill("SIGKILL");
  finish({ passed: 0, failed: 1 });
}, TIME_LIMIT_MS);
let running: Bun.Subprocess | null = null;

// Programs of packages start with `#!/usr/bin/env bun` or node, and only npx may know where Bun is.
const environment = {
  ...process.env,
  PATH: [join(ROOT, "node_modules", ".bin"), dirname(process.execPath), process.env["PATH"]].join(delimiter),
};

await setUp({ development: true });
const failedChecks: string[] = [];
for (const { name, command } of CHECKS) {
  console.log(`\n── ${name}: ${command.join(" ")}`);
  if ((await run(command)) !== 0) failedChecks.push(name);
}
const tests = await runTests();
if (failedChecks.length > 0) console.log(`\nFailed checks: ${failedChecks.join(", ")}`);
finish({ passed: tests.passed, failed: tests.failed + failedChecks.length });

async function run(command: string[]): Promise<number> {
  const [program = "", ...rest] = command;
  running = Bun.spawn([program === "bun" ? process.execPath : program, ...rest], {
    cwd: ROOT,
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return running.exited;
}

/** Counts come from the report, not from what the runner prints for people. */
async function runTests(): Promise<{ passed: number; failed: number }> {
  const folder = mkdtempSync(join(tmpdir(), "berth-report-"));
  const report = join(folder, "junit.xml");
  console.log("\n── tests");
  const code = await run(["bun", "test", "--reporter=junit", `--reporter-outfile=${report}`]);
  const totals =
    /<testsuites[^>]*>/.exec(
      await Bun.file(report)
        .text()
        .catch(() => ""),
    )?.[0] ?? "";
  rmSync(folder, { recursive: true });
  const count = (attribute: string) => Number(new RegExp(`\\b${attribute}="(\\d+)"`).exec(totals)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const passed = count("tests") - failed - count("skipped");
  // A crash of the runner, or a run of no tests at all, is a failure whatever was counted.
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

function finish({ passed, failed }: { passed: number; failed: number }): never {
  clearTimeout(deadline);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
