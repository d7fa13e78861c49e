import type { GgufHeader } from "./header.ts";

type Tensors = Pick<GgufHeader, "architecture" | "number" | "tensors">;

/**
 * Why an adapter can not change a model, by the checks of llama.cpp's `llama_adapter_lora_init`; `null` when none
 * of them speaks against it.
 */
export function adapterMisfit(adapter: Tensors, model: Tensors): string | null {
  if (adapter.architecture !== model.architecture)
    return `it was made for the architecture ${adapter.architecture}, and the model's is ${model.architecture}`;
  const shapes = new Map(model.tensors.map(({ name, shape }) => [name, shape]));
  // What the first part of a split model lacks may lie in another one.
  const isWhole = (model.number("split.count") ?? 1) <= 1;
  for (const { name, shape } of adapter.tensors) {
    const [, target = "", side] = /^(.*)\.lora_([ab])$/.exec(name) ?? [];
    if (side === undefined) continue;
    const changed = shapes.get(target);
    if (!changed && isWhole) return `it changes '${target}', which the model does not have`;
    const [own, its] = axes(target, side);
    const [size, wanted] = [shape[own] ?? 1, changed?.[its] ?? 1];
    if (changed && size !== wanted)
      return `it was made for a '${target}' of another shape: ${size} stands where the model has ${wanted}`;
  }
  return null;
}

/** Which dimension of one half has to be as long as which of the tensor it changes: embeddings are looked up, not multiplied. */
function axes(target: string, side: string): [own: number, its: number] {
  if (target.endsWith("token_embd.weight")) return side === "a" ? [1, 1] : [1, 0];
  return side === "a" ? [0, 0] : [1, 1];
}
