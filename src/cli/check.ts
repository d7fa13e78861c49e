import type { Command } from "commander";
import { SystemProbe } from "../system/probe.ts";
import { inspect, reportText } from "./check-report.ts";
import { runsInSession } from "./client/client-command.ts";
import { findConnection } from "./client/connection.ts";
import { HUB_TOKEN_OPTION, withHubToken } from "./client/hub-token.ts";
import { ServerClient } from "./client/server-client.ts";
import { estimateText } from "./estimate-text.ts";
import { addSettingOptions, readSettings } from "./settings-help.ts";
import { say, tell } from "./terminal/output.ts";

/**
 * `berth check [model]`: what this machine has for models and what is missing; with a model, whether it fits, as
 * the running server judges it. Exit code 1 when nothing can run here, or the model does not fit.
 */
export function addCheckCommand(program: Command): void {
  const command = program
    .command("check [model]")
    .description(
      "tell memory, CPU, disk, GPU and engines, and what is missing; with a model, whether it fits",
    )
    .option("--url <url>", "the server that judges the model (BERTH_URL)")
    .option("--json", "as JSON")
    .option(...HUB_TOKEN_OPTION)
    .allowExcessArguments(false)
    .addHelpText("after", EXAMPLES);
  type Options = { hfToken?: string; url?: string };
  runsInSession<Options, [string | undefined]>(command, async ({ json }, { hfToken, url }, model) => {
    const { config, warnings } = readSettings(command);
    const client = new ServerClient(findConnection(url, process.env, () => config));
    for (const warning of warnings) tell(warning);
    const report = await inspect(new SystemProbe(config.modelsDir));
    const estimate =
      model === undefined
        ? undefined
        : await withHubToken(
            client.url,
            (token) => client.estimate({ model_name: model, hf_token: token }),
            hfToken,
          );
    if (json) say(JSON.stringify(estimate ? { ...report, estimate } : report, null, 2));
    else say(estimate ? `${reportText(report)}\n\n${estimateText(estimate)}` : reportText(report));
    process.exitCode = report.problems.length > 0 || estimate?.fits === "none" ? 1 : 0;
  });
  addSettingOptions(command);
}

const EXAMPLES = `
Examples:
  $ berth check
  $ berth check unsloth/Qwen3.5-9B-GGUF:Q4_K_M   before 5 GiB are downloaded`;
