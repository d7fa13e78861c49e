import { isIPv4 } from "node:net";

/** Whether only this machine can reach an address or name: `localhost`, 127.0.0.0/8 or `::1`. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || name === "::1" || (isIPv4(name) && name.startsWith("127."));
}

/**
 * The name in a Host header or origin, lower case and without port or brackets.
 * @returns `null` where there is none, or where it is not one
 */
export function hostnameOf(host: string | null): string | null {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([^\s:/?#@[\]\\]+))(?::\d{0,5})?$/.exec(host ?? "");
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}
