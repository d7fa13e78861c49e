import type { Config } from "../config/config.ts";

const LAST_PORT = 65_535;

/**
 * What a person can do about an address that can not be listened on; `null` when the error is another one.
 */
export function listenFailure(error: unknown, { host, port }: Pick<Config, "host" | "port">): string | null {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use, perhaps by another Berth: stop that one, or choose another port with --port ${port < LAST_PORT ? port + 1 : port - 1} or API_PORT (0 takes any free one)`;
    case "EACCES":
      return `Port ${port} on ${host} may not be used by this user: ports below 1024 are for root, choose another one with --port 8000 or API_PORT`;
    // Bun's codes for a name that can not be resolved, for now or at all, and for numbers that are none of an address.
    case "EAGAIN":
    case "EINVAL":
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine: use 127.0.0.1 for this machine alone or 0.0.0.0 for every network it is in (--host or API_HOST)`;
    default:
      return null;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}
