import { API_KEY_VARIABLE, ConfigError, loadConfig, URL_VARIABLE } from "../../config.ts";
import type { Config } from "../../config/config.ts";
import { SETTINGS } from "../../config/settings.ts";
import { baseUrl } from "../banner.ts";
import { CommandError } from "./command-error.ts";
import type { Connection } from "./server-client.ts";

/**
 * The server meant: by flag, by `BERTH_URL`, else where a server with this environment and `berth.yaml` would listen.
 * @param config of that server, where more is known of it than environment and file tell
 * @throws CommandError for an address that is none
 */
export function findConnection(
  url: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
  config: () => Pick<Config, "host" | "port"> = () => loadConfig({ env }).config,
): Connection {
  const given = url ?? (env[URL_VARIABLE] || undefined);
  return {
    url: given === undefined ? configuredUrl(config) : checked(given),
    apiKey: env[API_KEY_VARIABLE] || null,
  };
}

function checked(given: string): string {
  const url = URL.parse(given.includes("://") ? given : `http://${given}`);
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new CommandError(`'${given}' is no address of a server: give one such as http://127.0.0.1:8000`);
  // People paste the base URL of OpenAI clients, too.
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "").replace(/\/v1$/, "");
}

function configuredUrl(config: () => Pick<Config, "host" | "port">): string {
  try {
    const { host, port } = config();
    return baseUrl(host, port === 0 ? Number(SETTINGS.port.default) : port);
  } catch (error) {
    // A mistake in a setting is for `berth serve` to tell.
    if (error instanceof ConfigError) return baseUrl(SETTINGS.host.default, Number(SETTINGS.port.default));
    throw error;
  }
}
