import { type Command, Option } from "commander";
import type { DeployRequest } from "../schemas/deployment.ts";
import { addClientCommand, runsInSession } from "./client/client-command.ts";
import { deployAndFollow } from "./client/deployment.ts";
import { estimateText } from "./estimate-text.ts";
import { wholeNumber } from "./numbers.ts";

interface DeployOptions {
  device?: NonNullable<DeployRequest["device"]>;
  contextLength?: number;
  parallel?: number;
  gpuLayers?: number;
  "8bit"?: true;
  "4bit"?: true;
  hfToken?: string;
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
    .option("--hf-token <token>", "for a gated repository; never stored (else HF_TOKEN of the server)")
    .option("--estimate", "only tell what it would take")
    .option("--force", "load it although it does not seem to fit into memory")
    .option("--no-wait", "return as soon as it loads");
  runsInSession<DeployOptions, [string]>(command, async ({ client, json, print }, options, model) => {
    const request: DeployRequest = {
      model_name: model,
      device: options.device,
      context_length: options.contextLength,
      parallel: options.parallel,
      gpu_layers: options.gpuLayers,
      load_in_8bit: options["8bit"],
      load_in_4bit: options["4bit"],
      hf_token: options.hfToken,
      force: options.force,
    };
    if (options.estimate) {
      const estimate = await client.estimate(request);
      return print(estimate, () => estimateText(estimate));
    }
    if (!options.wait) {
      const answer = await client.deploy(request);
      return print(answer, () => answer.message);
    }
    const ready = await deployAndFollow(client, request, { quiet: json });
    if (json) print(ready, () => "");
  });
}
