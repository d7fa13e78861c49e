import { type Command, Option } from "commander";
import type { DeployRequest } from "../schemas/deployment.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { deployAndFollow } from "./client/deployment.ts";
import { HUB_TOKEN_OPTION, withHubToken } from "./client/hub-token.ts";
import { inCommands } from "./client/verbs.ts";
import { estimateText } from "./estimate-text.ts";
import { wholeNumber } from "./numbers.ts";
import { samplingField } from "./sampling-option.ts";

interface DeployOptions {
  device?: NonNullable<DeployRequest["device"]>;
  contextLength?: number;
  parallel?: number;
  gpuLayers?: number;
  "8bit"?: true;
  "4bit"?: true;
  hfToken?: string;
  alias?: string[];
  ttl?: string;
  pinned?: true;
  kvCacheType?: NonNullable<DeployRequest["kv_cache_type"]>;
  flashAttention?: "auto" | "on" | "off";
  lora?: string[];
  draftModel?: string;
  systemPrompt?: string;
  sampling?: DeployRequest["sampling"];
  estimate?: true;
  force?: true;
  wait: boolean;
}

/** `berth deploy <model>`: deploys and waits until the model is ready. */
export function addDeployCommand(program: Command): void {
  const command = addClientCommand(program, "deploy <model>", {
    description: "deploy a model and wait until it is ready",
    examples: [
      "berth deploy guide                                the built-in model",
      "berth deploy qwen3-4b-q4_k_m.gguf --context-length 16384 --parallel 2",
      "berth deploy bartowski/Qwen2.5-7B-Instruct-GGUF:Q4_K_M --estimate",
      "berth deploy my-model --device cuda --gpu-layers 20 --no-wait",
    ],
  })
    .addOption(
      new Option("--device <device>", "where it runs").choices([
        "auto",
        "cpu",
        "cuda",
        "vulkan",
        "metal",
        "mps",
      ]),
    )
    .option("--context-length <tokens>", "tokens per slot", wholeNumber(1))
    .option("--parallel <slots>", "requests decoded together", wholeNumber(1, 256))
    .option("--gpu-layers <layers>", "layers on the GPU", wholeNumber(0))
    .option("--8bit", "take the Q8_0 file where the name stands for several")
    .option("--4bit", "take the Q4_K_M file where the name stands for several")
    .option(...HUB_TOKEN_OPTION)
    .option("--alias <name>", "another name that requests may use; more with more of these", oneMore)
    .option("--ttl <time>", "how long it may lie idle, such as 30m; -1 is for ever")
    .option("--pinned", "never unload it for being idle or for another model")
    .addOption(
      new Option(
        "--kv-cache-type <type>",
        "how keys and values are kept; q8_0 takes half the memory",
      ).choices(["f16", "q8_0"]),
    )
    .addOption(new Option("--flash-attention <when>", "where it is used").choices(["auto", "on", "off"]))
    .option("--lora <file>", "an adapter, as path or path=scale; more with more of these", oneMore)
    .option("--draft-model <model>", "a smaller model that guesses tokens ahead")
    .option("--system-prompt <text>", "for chats without a system message of their own")
    .option(
      "--sampling <field>",
      "what holds where a request is silent, such as temperature=0.2; more with more of these",
      samplingField,
    )
    .option("--estimate", "only tell what it would take")
    .option("--force", "load it although it does not seem to fit into memory")
    .option("--no-wait", "return as soon as it loads");
  runsInSession<DeployOptions, [string]>(command, async ({ client, json, print }, options, model) => {
    const request = toRequest(model, options);
    const withToken = <T>(ask: (request: DeployRequest) => Promise<T>) =>
      withHubToken(client.url, (token) => ask({ ...request, hf_token: token }), options.hfToken);
    if (options.estimate) {
      const estimate = await withToken((asked) => client.estimate(asked));
      print(estimate, () => estimateText(estimate));
      process.exitCode = estimate.fits === "none" ? 1 : 0;
      return;
    }
    if (!options.wait) {
      const answer = await withToken((asked) => client.deploy(asked));
      return print(answer, () => inCommands(answer.message));
    }
    const ready = await withToken((asked) => deployAndFollow(client, asked, { quiet: json }));
    if (json) print(ready, () => "");
  });
}

/** Of an option that is given several times; one that took several values would take the model as well. */
const oneMore = (value: string, given: string[] = []): string[] => [...given, value];

function toRequest(model: string, options: DeployOptions): DeployRequest {
  const { flashAttention, ttl } = options;
  return {
    model_name: model,
    device: options.device,
    context_length: options.contextLength,
    parallel: options.parallel,
    gpu_layers: options.gpuLayers,
    load_in_8bit: options["8bit"],
    load_in_4bit: options["4bit"],
    alias: options.alias,
    // A bare number is seconds, and -1 is for ever.
    ttl: ttl !== undefined && /^-?\d+$/.test(ttl) ? Number(ttl) : ttl,
    pinned: options.pinned,
    kv_cache_type: options.kvCacheType,
    flash_attention:
      flashAttention === undefined || flashAttention === "auto" ? flashAttention : flashAttention === "on",
    lora: options.lora?.map(toLora),
    draft_model: options.draftModel,
    system_prompt: options.systemPrompt,
    sampling: options.sampling,
    force: options.force,
  };
}

/** `style.gguf`, `style.gguf=0.5` or `style.gguf=-0.5` */
function toLora(text: string): NonNullable<DeployRequest["lora"]>[number] {
  const [, path = text, scale] = /^(.*)=(-?\d*\.?\d+)$/.exec(text) ?? [];
  return scale === undefined ? path : { path, scale: Number(scale) };
}
