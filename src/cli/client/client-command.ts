import type { Command } from "commander";
import { CommandError, EXIT } from "./command-error.ts";
import { findConnection } from "./connection.ts";
import { ServerClient } from "./server-client.ts";
import { inCommands } from "./verbs.ts";
import { endWithReader, say, tell } from "../terminal/output.ts";

/** What a command that talks to a server has at hand. */
export interface Session {
  client: ServerClient;
  /** Whether a program reads the output. */
  json: boolean;
  /** Prints the answer: as the server gave it for a program, as `text` for a person. */
  print(answer: unknown, text: () => string): void;
}

interface CommandText {
  description: string;
  /** Whole command lines, each with what it does after `#`. */
  examples: string[];
}

/** A verb that talks to a running server: with `--url`, `--json`, examples, and errors that say what to do. */
export function addClientCommand(
  program: Command,
  usage: string,
  { description, examples }: CommandText,
): Command {
  return program
    .command(usage)
    .description(description)
    .option("--url <url>", "the server (BERTH_URL; default: where a server with these settings listens)")
    .option("--json", "print the server's answer as JSON")
    .allowExcessArguments(false)
    .addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}`);
}

/**
 * Runs the verb. A failure is told on the standard error output, as JSON where `--json` asks for it, and gives the
 * exit code.
 */
export function runsInSession<Options extends object, Args extends unknown[]>(
  command: Command,
  run: (session: Session, options: Options, ...args: Args) => Promise<void>,
): Command {
  return command.action(async (...given: unknown[]) => {
    const args = given.slice(0, command.registeredArguments.length) as Args;
    const { url, json = false } = command.opts<{ url?: string; json?: boolean }>();
    endWithReader();
    try {
      const client = new ServerClient(findConnection(url));
      const print: Session["print"] = (answer, text) => say(json ? JSON.stringify(answer, null, 2) : text());
      await run({ client, json, print }, command.opts<Options>(), ...args);
    } catch (error) {
      end(error, json);
    }
  });
}

/** Nothing that a person has to do with is a stack trace; a bug of ours is. */
function end(error: unknown, json: boolean): void {
  if (isInterruption(error)) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  if (!(error instanceof CommandError)) throw error;
  tell(json ? JSON.stringify(error.toBody()) : `error: ${inCommands(error.message)}`);
  process.exitCode = error.exitCode;
}

const isInterruption = (error: unknown) => error instanceof Error && error.name === "AbortError";
