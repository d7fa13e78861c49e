import type { GenerateRequest, LoadHooks, LoadSpec } from "../../src/engine/engine.ts";
import { greedy } from "../../src/services/sampling.ts";

/** A greedy request for the completion of a text. */
export function textRequest(text: string, overrides: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    id: "request",
    prompt: { kind: "text", text },
    promptParam: "prompt",
    maxTokens: null,
    maxTotalTokens: null,
    sampling: { ...greedy(), seed: 1 },
    stop: [],
    ignoreEos: false,
    ...overrides,
  };
}

/** A small load on the CPU. */
export function loadSpec(overrides: Partial<LoadSpec> = {}): LoadSpec {
  return {
    name: "model",
    path: "/nowhere.gguf",
    device: "cpu",
    contextLength: 512,
    parallel: 2,
    gpuLayers: null,
    memoryBudget: 4e9,
    threads: 1,
    queueLimit: 8,
    pauseMs: 500,
    kvCacheType: "f16",
    flashAttention: "auto",
    loras: [],
    draft: null,
    tuning: null,
    ...overrides,
  };
}

/** Hooks that nobody listens to. */
export function loadHooks(overrides: Partial<LoadHooks> = {}): LoadHooks {
  return {
    signal: new AbortController().signal,
    onProgress: () => {},
    onTuned: () => {},
    onLog: () => {},
    ...overrides,
  };
}

/** Whether a process of this id exists, a reaped one does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Looks until `check` holds; a test that waits in vain ends by its own time-out. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await Bun.sleep(5);
}
