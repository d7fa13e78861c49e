import type { DeployRequest, DeploymentStatus } from "../../src/schemas/deployment.ts";

/** Whether a request may name it: what is not in memory yet, the request waits for. */
export const isUsable = ({ state }: Pick<DeploymentStatus, "state">): boolean =>
  state === "ready" || state === "unloaded" || state === "loading" || state === "downloading";

/** The state in words, with the progress of a load. */
export function stateName({ state, progress }: Pick<DeploymentStatus, "state" | "progress">): string {
  const percent = `${Math.floor(progress * 100)} %`;
  switch (state) {
    case "downloading":
      return `Downloading, ${percent}`;
    case "loading":
      return `Loading, ${percent}`;
    case "ready":
      return "Ready";
    case "unloaded":
      return "Asleep, loads at the next request";
    case "draining":
      return "Finishing its answers";
    case "stopped":
      return "Stopped";
    case "failed":
      return "Failed";
  }
}

/** What asks for the same deployment once more, as far as the server tells how it was deployed. */
export function again({
  model_name,
  aliases,
  ttl,
  pinned,
  device,
  options,
}: Pick<
  DeploymentStatus,
  "model_name" | "aliases" | "ttl" | "pinned" | "device" | "options"
>): DeployRequest {
  const kept = options as Pick<DeployRequest, keyof typeof options>;
  return {
    ...kept,
    model_name,
    device: device as DeployRequest["device"],
    alias: aliases,
    ttl: ttl ?? -1,
    pinned,
  };
}
