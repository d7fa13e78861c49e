import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");

/** Names a Chromium that is there; wins over all others. */
const VARIABLE = "BERTH_CHROMIUM";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const ADVICE =
  `The tests of the page need a Chromium. Install one (on Debian, as root: apt-get install chromium), ` +
  `or set ${VARIABLE} to the path of one.`;

/**
 * The path of a Chromium on this machine.
 * @throws Error that says how to get one
 */
export async function chromiumPath(): Promise<string> {
  const path = await findChromium();
  if (path === null) throw new Error(ADVICE);
  return path;
}

/**
 * Sees to it that this machine has a Chromium: Debian's package where one may install packages, else the
 * one that Playwright brings.
 * @throws Error that says how to get one
 */
export async function provideChromium(): Promise<string> {
  const there = await findChromium();
  if (there !== null) return there;
  const tried: string[] = [];
  for (const command of await installers()) {
    console.log(`Installing Chromium for the tests: ${command.join(" ")}`);
    const child = Bun.spawn(command, {
      cwd: ROOT,
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [code, output, errors] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const path = await findChromium();
    if (path !== null) return path;
    // What it said last is what went wrong, or at least the way there.
    const said = (errors.trim() || output.trim()).split("\n").slice(-4).join("\n");
    tried.push(`${command.join(" ")} ended with ${code}:\n${said}`);
  }
  throw new Error([ADVICE, ...tried].join("\n"));
}

async function findChromium(): Promise<string | null> {
  const named = process.env[VARIABLE];
  const onPath = PROGRAMS.map((name) => Bun.which(name));
  for (const path of [named, ...onPath, await playwrightsOwn()])
    if (path && (await Bun.file(path).exists())) return path;
  return null;
}

/** Where Playwright would put the one it brings. */
async function playwrightsOwn(): Promise<string | null> {
  // Not before set-up has installed it.
  const { chromium } = await import("playwright-core");
  return chromium.executablePath() || null;
}

async function installers(): Promise<string[][]> {
  const system = await Bun.file("/etc/os-release")
    .text()
    .catch(() => "");
  const playwright = [process.execPath, join(ROOT, "node_modules", "playwright-core", "cli.js"), "install"];
  const isRoot = process.getuid?.() === 0;
  const commands: string[][] = [];
  if (/^ID=debian$/m.test(system) && isRoot && Bun.which("apt-get"))
    commands.push([
      "sh",
      "-c",
      // The lists of a fresh image are empty.
      "apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium",
    ]);
  // Elsewhere its libraries may be missing, and only root may add them.
  commands.push([...playwright, ...(isRoot && Bun.which("apt-get") ? ["--with-deps"] : []), "chromium"]);
  return commands;
}
