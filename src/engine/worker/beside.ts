import type { LoadSpec, MemoryUse } from "../engine.ts";
import type { Backend } from "./backend.ts";
import { type DraftNeed, draftNeed } from "./draft-model.ts";
import { type MemorySpec, NOTHING, together } from "./memory.ts";

/** What a deployment loads beside its model. */
export interface Beside {
  /** `null` where there is no draft model. */
  draft: DraftNeed | null;
  adapters: MemoryUse;
  /** Of both. */
  memory: MemoryUse;
}

/**
 * What draft model and adapters take beside a model of `trained` tokens.
 * @throws ApiError as `draftNeed` does
 */
export async function needBeside(
  spec: MemorySpec & Pick<LoadSpec, "draft" | "loras">,
  backend: Backend,
  trained: number,
): Promise<Beside> {
  const draft = await draftNeed(spec, backend, trained);
  // llama.cpp reads them whole, into buffers where the layers are that they belong to.
  const weights = spec.loras.reduce((sum, { path }) => sum + Bun.file(path).size, 0);
  const adapters = {
    ...NOTHING,
    weights,
    gpu: backend.device === "cpu" || spec.gpuLayers === 0 ? 0 : weights,
  };
  return { draft, adapters, memory: together(draft?.memory ?? NOTHING, adapters) };
}
