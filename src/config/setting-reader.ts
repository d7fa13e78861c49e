import type { ConfigFile } from "./file.ts";
import { MalformedValue, type ParseContext } from "./kinds.ts";
import { flagOf, type Setting, type Table, yamlKeyOf } from "./settings.ts";

interface Given {
  flags: Readonly<Record<string, string | undefined>>;
  env: Readonly<Record<string, string | undefined>>;
  context: ParseContext;
}

/** Finds the value of each setting where it counts most, and remembers where that was and what was wrong. */
export class SettingReader {
  readonly problems: string[] = [];
  /** By key as in `Config`, e.g. `watchdog.stepFactor`. */
  readonly sources: Record<string, string> = {};
  readonly #given: Given;
  readonly #file: ConfigFile | null;
  #home = "";

  constructor(given: Given, file: ConfigFile | null) {
    this.#given = given;
    this.#file = file;
  }

  /** All settings of a table; the values are not to be used when there are `problems`. */
  readAll<T extends object>(table: Table<T>, group?: string): T {
    const prefix = group === undefined ? "" : `${group}.`;
    const values: Partial<T> = {};
    for (const name in table) values[name] = this.read(table[name], prefix + name);
    // The table has a setting for each key.
    return values as T;
  }

  /** @returns `undefined` when the value is malformed, which `problems` then tells */
  read<T>(setting: Setting<T>, key: string): T | undefined {
    const { raw, source, name = source, context } = this.#find(setting, key);
    this.sources[key] = source;
    try {
      const value = setting.kind.parse(raw, context);
      if (key === "home") this.#home = String(value);
      return value;
    } catch (error) {
      if (!(error instanceof MalformedValue)) throw error;
      this.problems.push(`${name}: ${error.message}`);
      return undefined;
    }
  }

  #find(setting: Setting<unknown>, key: string) {
    const { flags, env, context } = this.#given;
    const flag = flagOf(key);
    if (flags[flag] !== undefined) return { raw: flags[flag], source: `--${flag}`, context };
    // Compose files pass an empty variable where none is set.
    if (env[setting.env]) return { raw: env[setting.env], source: setting.env, context };
    const yamlKey = yamlKeyOf(key);
    const file = this.#file;
    // A key without a value says as little as no key.
    if (file && (file.values.get(yamlKey) ?? null) !== null) {
      const within = { ...context, directory: file.directory };
      const name = `${file.path}: ${yamlKey}`;
      return { raw: file.values.get(yamlKey), source: file.path, name, context: within };
    }
    return { raw: setting.default.replace("<home>", () => this.#home), source: "default", context };
  }
}
