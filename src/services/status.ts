import type { DownloadState } from "../schemas/download.ts";
import type { StatusAnswer } from "../schemas/status.ts";
import type { SystemStatus } from "../schemas/system.ts";
import type { Downloads } from "./downloads.ts";
import type { ModelManager } from "./model-manager.ts";

const UNDER_WAY: ReadonlySet<DownloadState> = new Set(["queued", "downloading", "verifying", "paused"]);

/** Tells what the machine has and how much of it is free. */
export interface SystemReader {
  status(): Promise<SystemStatus>;
}

/** The answer of `GET /status`: the current model first, then every deployment, downloads and the machine. */
export async function readStatus(
  manager: Pick<ModelManager, "list" | "current">,
  system: SystemReader,
  downloads: Pick<Downloads, "list">,
): Promise<StatusAnswer> {
  const machine = await system.status();
  // Read after the wait, so that the answer is no older than it has to be.
  const models = manager.list();
  const current = manager.current();
  const loading = models.findLast(({ state }) => state === "loading" || state === "downloading");
  return {
    model_name: current?.model_name ?? null,
    is_loaded: current !== null,
    is_loading: loading !== undefined,
    device: current?.device ?? null,
    progress: loading?.progress ?? null,
    models,
    downloads: downloads.list().filter(({ state }) => UNDER_WAY.has(state)),
    system: machine,
  };
}
