import { SetUpError } from "./set-up-error.ts";

/**
 * Runs this same Bun, which need not be on PATH, and keeps what it says to itself.
 * @throws SetUpError with what it said and what a person can do about it
 */
export async function runBun(folder: string, ...args: string[]): Promise<void> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: folder,
    // What `--no-orphans` means, which an installation does not listen to: it must not go on by itself when
    // its parent is killed, since the next start would run into it.
    env: { ...process.env, BUN_FEATURE_FLAG_NO_ORPHANS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (code === 0) return;
  const said = `${err}\n${out}`;
  throw new SetUpError(
    `'bun ${args.join(" ")}' failed with exit code ${code}:\n\n${beginning(said)}\n\n${advice(said)}`,
  );
}

const MOST_LINES = 8;

/** Without a network, each of two hundred packages fails with a line of its own. */
function beginning(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const more = lines.length - MOST_LINES;
  return [...lines.slice(0, MOST_LINES), ...(more > 0 ? [`… and ${more} lines more`] : [])].join("\n");
}

/** What to do about a failed installation, by what Bun said. */
export function advice(said: string): string {
  if (/integrity/i.test(said))
    return "A package is not the one that bun.lock names: the registry or a proxy changed it, so nothing of it was installed.";
  if (/\bCERT_|_CERT|certificate/i.test(said))
    return "This machine does not trust the registry's certificate: name that of your proxy in NODE_EXTRA_CA_CERTS, then try again.";
  if (/ENOSPC|no space left/i.test(said)) return "The disk is full: an installation takes about 200 MB.";
  if (/EACCES|EPERM|EROFS|AccessDenied|ReadOnlyFileSystem/i.test(said))
    return "The folder node_modules can not be written: run the set-up once as the owner of the checkout.";
  return "Packages are installed once, and that needs the npm registry: check the network or the proxy, then try again.";
}
