import type { Command } from "commander";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import type { LogLine } from "../services/events.ts";
import { logLineText } from "./terminal/log-line.ts";
import { say, tell } from "./terminal/output.ts";

/** `berth logs`: the server's log as it is written, until interrupted. */
export function addLogsCommand(program: Command): void {
  const command = addClientCommand(program, "logs", {
    description: "show the server's log as it is written (Ctrl-C ends it)",
    examples: ["berth logs", "berth logs --json | jq 'select(.level == \"error\")'"],
  });
  runsInSession(command, async ({ client, json }) => {
    for await (const { event, data } of client.events("/events")) {
      if (event === "log") say(json ? data : logLineText(JSON.parse(data) as LogLine));
      if (event === "dropped") tell("(the log is faster than this terminal: lines were left out)");
    }
  });
}
