import type { Activity, ModelInfo } from "../engine/engine.ts";
import type { DeploymentState, DeploymentStatus } from "../schemas/deployment.ts";
import type { DeployPlan } from "./deploy-plan.ts";

/** What is known of a deployment at one moment. */
export interface DeploymentFacts {
  /** What was asked for; the model's own device counts once it is there. */
  plan: DeployPlan;
  state: DeploymentState;
  progress: number;
  /** Of the model in memory, or of the last one that was. */
  info: ModelInfo | null;
  /** Of the model in memory. */
  activity: Activity | null;
  /** Unix times in milliseconds. */
  created: number;
  lastUsed: number | null;
  restarts: number;
  error: string | null;
}

/** A deployment as `/status` and `/events` show it. */
export function toDeploymentStatus(facts: DeploymentFacts): DeploymentStatus {
  const { plan, info, activity } = facts;
  const live = activity ? info : null;
  return {
    model_name: plan.name,
    aliases: plan.aliases,
    state: facts.state,
    on_demand: plan.onDemand,
    pinned: plan.pinned,
    ttl: plan.ttlMs === null ? null : plan.ttlMs / 1000,
    device: info?.device ?? plan.spec.device,
    progress: facts.progress,
    options: {
      context_length: plan.spec.contextLength,
      kv_cache_type: plan.spec.kvCacheType,
      flash_attention: plan.spec.flashAttention,
      parallel: plan.spec.parallel,
      gpu_layers: plan.spec.gpuLayers,
      ...plan.companions,
      system_prompt: plan.defaults.systemPrompt,
      sampling: plan.defaults.fields,
    },
    context_length: info?.contextLength ?? null,
    trained_context_length: info?.trainedContextLength ?? plan.trainedContextLength,
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
    notes: [...plan.warnings, ...(info?.notes ?? [])],
    error: facts.error,
  };
}

/** A model that was loaded, as the log tells of it. */
export function toLogFields({ device, contextLength, slots, layers, memory, loadTimeMs, pid }: ModelInfo) {
  const { kvCache, ...others } = memory;
  return {
    device,
    context_length: contextLength,
    slots,
    layers,
    memory: { ...others, kv_cache: kvCache },
    load_ms: Math.round(loadTimeMs),
    // `pid` alone would be the server, by the conventions of the log.
    engine_pid: pid,
  };
}

/** What is in memory now: nothing while the engine is down. */
function memory(live: ModelInfo | null): Pick<DeploymentStatus, "memory_bytes" | "memory"> {
  if (!live) return { memory_bytes: null, memory: null };
  const { weights, kvCache, compute, gpu } = live.memory;
  return { memory_bytes: weights + kvCache + compute, memory: { weights, kv_cache: kvCache, compute, gpu } };
}
