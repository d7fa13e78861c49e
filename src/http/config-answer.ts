import type { Config } from "../config/config.ts";
import { ALL_SETTINGS, yamlKeyOf } from "../config/settings.ts";
import { maskSecrets } from "./mask-secrets.ts";

/** The settings by their names in `berth.yaml`, where each comes from, and no secrets. */
export function configAnswer({ sources = {}, watchdog, ...settings }: Config): Record<string, unknown> {
  return {
    ...maskSecrets(named(settings)),
    watchdog: maskSecrets(named(watchdog)),
    sources: Object.fromEntries(ALL_SETTINGS.map(({ key, yaml }) => [yaml, sources[key] ?? null])),
  };
}

const named = (settings: object) =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [yamlKeyOf(key), value]));
