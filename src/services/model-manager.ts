import type { DeployAnswer, DeploymentStatus, DeployRequest } from "../schemas/deployment.ts";
import type { LoadedModel } from "../engine/engine.ts";

/** A model in use; it is not unloaded before `release()`. */
export interface Lease {
  /** The name to echo in answers. */
  readonly name: string;
  readonly model: LoadedModel;
  /** Must be called exactly once, in a `finally`. */
  release(): void;
}

/** Deployments and their states: who uses what, who must go. */
export interface ModelManager {
  /**
   * Starts a deployment; resolves at once with `loading`, or when ready with `wait: true`.
   * @throws ApiError `already_deployed`, `invalid_value`, `device_unavailable`, and with `wait` whatever the load throws
   */
  deploy(request: DeployRequest): Promise<DeployAnswer>;
  /**
   * Lets running requests finish (bounded by the drain time) and gives all memory back.
   * Without a name: the current model, else the newest one that is loading or failed.
   * @returns the name of the model that went
   * @throws ApiError `no_model_deployed` or `model_not_found`
   */
  undeploy(name?: string): Promise<string>;
  /**
   * Takes a ready model by name, or the current one.
   * @throws ApiError `no_model_deployed` (400), `model_not_found` (404), `model_loading` (503), or why it failed
   */
  acquire(name?: string): Lease;
  /** Every deployment, oldest first. */
  list(): DeploymentStatus[];
  /** The most recently deployed one that is ready. */
  current(): DeploymentStatus | null;
  /** Ends everything: drains up to `graceMs`, then kills; resolves when no engine process is left. */
  close(graceMs: number): Promise<void>;
}
