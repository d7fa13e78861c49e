import type { Activity, ModelInfo } from "../engine/engine.ts";
import type { DeploymentState, DeploymentStatus } from "../schemas/deployment.ts";

/** What is known of a deployment at one moment. */
export interface DeploymentFacts {
  name: string;
  aliases: string[];
  onDemand: boolean;
  pinned: boolean;
  ttlMs: number | null;
  state: DeploymentState;
  /** As asked for; the model's own counts once it is there. */
  device: string;
  progress: number;
  /** Of the model in memory, or of the last one that was. */
  info: ModelInfo | null;
  /** Of the model in memory. */
  activity: Activity | null;
  /** Unix times in milliseconds. */
  created: number;
  lastUsed: number | null;
  restarts: number;
  warnings: string[];
  error: string | null;
}

/** A deployment as `/status` and `/events` show it. */
export function toDeploymentStatus(facts: DeploymentFacts): DeploymentStatus {
  const { info, activity } = facts;
  const live = activity ? info : null;
  return {
    model_name: facts.name,
    aliases: facts.aliases,
    state: facts.state,
    on_demand: facts.onDemand,
    pinned: facts.pinned,
    ttl: facts.ttlMs === null ? null : facts.ttlMs / 1000,
    device: info?.device ?? facts.device,
    progress: facts.progress,
    context_length: info?.contextLength ?? null,
    trained_context_length: info?.trainedContextLength ?? null,
    slots: info?.slots ?? null,
    busy_slots: activity?.busySlots ?? 0,
    queued: activity?.queued ?? 0,
    completion_tokens: activity?.completionTokens ?? 0,
    gpu_layers: info?.layers.gpu ?? null,
    total_layers: info?.layers.total ?? null,
    ...memory(live),
    architecture: info?.architecture ?? null,
    quantisation: info?.quantisation ?? null,
    parameters: info?.parameters ?? null,
    file_size: info?.fileSize ?? null,
    load_time_ms: info ? Math.round(info.loadTimeMs) : null,
    last_used: facts.lastUsed === null ? null : Math.floor(facts.lastUsed / 1000),
    created: Math.floor(facts.created / 1000),
    pid: live?.pid ?? null,
    restarts: facts.restarts,
    notes: [...facts.warnings, ...(info?.notes ?? [])],
    error: facts.error,
  };
}

/** What is in memory now: nothing while the engine is down. */
function memory(live: ModelInfo | null): Pick<DeploymentStatus, "memory_bytes" | "memory"> {
  if (!live) return { memory_bytes: null, memory: null };
  const { weights, kvCache, compute, gpu } = live.memory;
  return { memory_bytes: weights + kvCache + compute, memory: { weights, kv_cache: kvCache, compute, gpu } };
}
