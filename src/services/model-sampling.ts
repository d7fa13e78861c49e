import { Value } from "@sinclair/typebox/value";
import type { GgufHeader } from "../formats/gguf/header.ts";
import type { DeploymentDefaults } from "../schemas/deployment.ts";
import { SamplingFields } from "../schemas/sampling.ts";

/** Where llama.cpp's converters write what the makers of a model advise (`LLM_KV_GENERAL_SAMPLING_*`). */
const KEYS = {
  temperature: "general.sampling.temp",
  top_p: "general.sampling.top_p",
  top_k: "general.sampling.top_k",
  min_p: "general.sampling.min_p",
  repeat_penalty: "general.sampling.penalty_repeat",
} as const;

/** The digits of a 32-bit float that are its own: 0.6 is stored as 0.60000002. */
const DIGITS = 6;

/** The sampling that a model's file advises; what no request could ask for is no advice. */
export function advisedSampling(header: Pick<GgufHeader, "number"> | null): DeploymentDefaults {
  const advice = Object.entries(KEYS).flatMap(([field, key]) => {
    const stored = header?.number(key) ?? null;
    const value = stored === null ? null : Number(stored.toPrecision(DIGITS));
    return value !== null && Value.Check(SamplingFields[field as keyof typeof KEYS], value)
      ? [[field, value] as const]
      : [];
  });
  return Object.fromEntries(advice);
}
