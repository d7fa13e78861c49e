import { type Command, Help, Option } from "commander";
import { ConfigError, FILE_VARIABLE, loadConfig } from "../config.ts";
import type { Config } from "../config/config.ts";
import { ALL_SETTINGS } from "../config/settings.ts";

const INDENT = " ".repeat(34);
const FILE_TEXT = "File with settings";

const plain = (description: string): string => description.replaceAll("`", "");

/** Every setting with its flag, variable and default, as `--help` shows it. */
export function settingsHelp(): string {
  const entries = [
    {
      name: "--config <path>",
      text: FILE_TEXT,
      note: `${FILE_VARIABLE}, default: berth.yaml here, else in the home`,
    },
    ...ALL_SETTINGS.map(({ flag, kind, description, env, default: value }) => ({
      name: kind.yesNo ? `--${flag} ${kind.placeholder}, --no-${flag}` : `--${flag} ${kind.placeholder}`,
      text: plain(description),
      note: `${env}, default: ${value || "none"}`,
    })),
  ];
  const lines = entries.map(({ name, text, note }) => {
    const head = `  ${name}`;
    // A name that is too long for its column has a line of its own.
    const start = head.length < INDENT.length ? head.padEnd(INDENT.length) : `${head}\n${INDENT}`;
    return `${start}${text}\n${INDENT}(${note})`;
  });
  return ["Settings (a flag wins over its variable, that over berth.yaml):", ...lines].join("\n");
}

/** Lets a command take every setting as a flag. */
export function addSettingOptions(command: Command): Command {
  const settings = [
    new Option("--config <path>", FILE_TEXT),
    ...ALL_SETTINGS.flatMap(({ flag, kind, description }) =>
      [`--${flag} ${kind.placeholder}`, ...(kind.yesNo ? [`--no-${flag}`] : [])].map(
        (flags) => new Option(flags, plain(description)),
      ),
    ),
  ];
  for (const setting of settings) command.addOption(setting);
  // `settingsHelp` shows them; `hideHelp` would keep them from suggestions for a slip and from Tab too.
  command.configureHelp({
    formatHelp(shown, help) {
      const others = help.visibleOptions(shown).filter((option) => !settings.includes(option));
      help.visibleOptions = () => others;
      return Help.prototype.formatHelp.call(help, shown, help);
    },
  });
  return command.addHelpText("after", () => `\n${settingsHelp()}`);
}

/** The configuration that the command was called with; ends the program, naming every mistake, when there are some. */
export function readSettings(command: Command): { config: Config; file: string | null; warnings: string[] } {
  const options = command.opts<Record<string, string | false | undefined>>();
  const flags = Object.fromEntries(
    ALL_SETTINGS.map(({ flag }) => {
      const value = options[new Option(`--${flag}`).attributeName()];
      return [flag, value === false ? "no" : value];
    }),
  );
  try {
    return loadConfig({ flags, file: options["config"] || undefined });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const list = error.problems.map((problem) => `  ${problem}`).join("\n");
    return command.error(`The configuration has mistakes:\n${list}`);
  }
}
