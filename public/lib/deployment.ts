import type { DeploymentStatus } from "../../src/schemas/deployment.ts";

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
    case "draining":
      return "Finishing its answers";
    case "stopped":
      return "Stopped";
    case "failed":
      return "Failed";
  }
}
