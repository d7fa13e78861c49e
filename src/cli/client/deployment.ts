import { formatBytes } from "../../formats/quantity.ts";
import type { DeploymentStatus, DeployRequest } from "../../schemas/deployment.ts";
import { type Progress, startProgress } from "../terminal/progress.ts";
import { CommandError, ServerRefusal } from "./command-error.ts";
import { withHubToken } from "./hub-token.ts";
import type { ServerClient } from "./server-client.ts";

const POLL_MS = 250;

/**
 * Deploys a model and shows its progress until it is ready.
 * @returns the deployment, ready
 * @throws CommandError with the reason when it fails
 */
export async function deployAndFollow(
  client: ServerClient,
  request: DeployRequest,
  { quiet = false } = {},
): Promise<DeploymentStatus> {
  const answer = await client.deploy({ ...request, wait: false });
  const progress = startProgress(`Loading ${answer.model_name}`, { quiet });
  try {
    const ready = await follow(client, answer.model_name, progress);
    progress.done(readyText(ready));
    return ready;
  } catch (error) {
    progress.clear();
    throw error;
  }
}

/** Sees to it that requests may name a model, deploying it or waiting for it where need be. */
export async function readyDeployment(
  client: ServerClient,
  name: string,
  { quiet = false } = {},
): Promise<void> {
  const found = await find(client, name);
  // One that was unloaded for being idle is loaded by the request itself.
  if (found?.state === "ready" || found?.state === "unloaded") return;
  if (found?.state !== "loading" && found?.state !== "downloading") {
    try {
      await withHubToken(client.url, (token) =>
        deployAndFollow(client, { model_name: name, hf_token: token }, { quiet }),
      );
      return;
    } catch (error) {
      if (!(error instanceof ServerRefusal && error.code === "already_deployed")) throw error;
      // Somebody else was quicker; or its file is deployed under another name, which the server finds.
      if (!(await find(client, name))) return;
    }
  }
  const progress = startProgress(`Waiting for ${name}`, { quiet });
  try {
    const ready = await follow(client, name, progress);
    progress.done(readyText(ready));
  } catch (error) {
    progress.clear();
    throw error;
  }
}

/** `guide is ready on cpu: 35 MiB, 4 slots of 2048 tokens`, and what is worth knowing below it. */
function readyText({ model_name, device, memory_bytes, slots, context_length, notes }: DeploymentStatus) {
  const size =
    memory_bytes === null ? "" : `: ${formatBytes(memory_bytes)}, ${slots} slots of ${context_length} tokens`;
  return [`${model_name} is ready on ${device}${size}`, ...notes.map((note) => `  ${note}`)].join("\n");
}

async function follow(client: ServerClient, name: string, progress: Progress): Promise<DeploymentStatus> {
  for (;;) {
    const deployment = await find(client, name);
    if (!deployment) throw new CommandError(`${name} was undeployed before it was ready`);
    // One that was ready may have been unloaded since.
    if (deployment.state === "ready" || deployment.state === "unloaded") return deployment;
    if (deployment.state === "failed")
      throw new CommandError(deployment.error ?? `${name} could not be loaded`);
    progress.update(deployment.progress, `${label(deployment)} ${Math.round(deployment.progress * 100)} %`);
    await Bun.sleep(POLL_MS);
  }
}

const label = ({ state, model_name }: DeploymentStatus) =>
  `${state === "downloading" ? "Downloading" : "Loading"} ${model_name}`;

async function find(client: ServerClient, name: string): Promise<DeploymentStatus | undefined> {
  const { models } = await client.status();
  return models.find(
    ({ model_name, aliases, state }) =>
      (model_name === name || aliases.includes(name)) && state !== "stopped",
  );
}
