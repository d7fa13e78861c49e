import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import type { Config } from "../config/config.ts";

const LAST_PORT = 65_535;

/**
 * What a person can do about an address that can not be listened on; `null` when the error is another one.
 */
export async function listenFailure(
  error: unknown,
  { host, port }: Pick<Config, "host" | "port">,
): Promise<string | null> {
  if (!isOfListening(error)) return null;
  // Asked first: where a host is none, Bun's code is whatever an earlier call has left.
  if (!(await isOurs(host)))
    return `${host} is no address of this machine: use 127.0.0.1 for this machine alone or 0.0.0.0 for every network it is in (--host or API_HOST)`;
  switch (error.code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use, perhaps by another Berth: stop that one, or choose another port with --port ${port < LAST_PORT ? port + 1 : port - 1} or API_PORT (0 takes any free one)`;
    case "EACCES":
      return `Port ${port} on ${host} may not be used by this user: ports below 1024 are for root, choose another one with --port 8000 or API_PORT`;
    default:
      return null;
  }
}

/** Also of a host that is not even the form of one. */
function isOfListening(error: unknown): error is Error & { code?: unknown } {
  if (!(error instanceof Error)) return false;
  const isListening = "syscall" in error && error.syscall === "listen";
  return isListening || ("code" in error && error.code === "ERR_INVALID_ARG_TYPE");
}

/** Whether a name or an address leads to this machine. */
async function isOurs(host: string): Promise<boolean> {
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address)),
  );
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.some(({ address }) => own.has(address) || /^(?:0\.0\.0\.0|::|127\..*)$/.test(address));
}
