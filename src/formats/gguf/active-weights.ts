import type { GgufHeader, TensorInfo } from "./header.ts";

/** Weights of experts: those of all of them lie in one tensor, and a token goes through a few. */
const EXPERTS = /_exps\./;
/** One row of it is read for a token, unless it is the output matrix, too. */
const EMBEDDING = "token_embd.weight";
const OUTPUT = "output.weight";

/**
 * Bytes of weights that decoding one token reads: what its speed depends on. Of a mixture of experts that is a
 * fraction of the file.
 * @param parts headers of all files of a model, of which the first has the numbers of the architecture
 */
export function activeBytes(parts: readonly GgufHeader[]): number {
  const [first] = parts;
  const experts = first?.hyperparameter("expert_count") ?? 0;
  const used = first?.hyperparameter("expert_used_count") ?? experts;
  const share = experts > 0 ? used / experts : 1;
  const tensors: TensorInfo[] = parts.flatMap((part) => [...part.tensors]);
  const tied = !tensors.some(({ name }) => name === OUTPUT);
  return tensors.reduce((all, { name, bytes }) => {
    if (name === EMBEDDING && !tied) return all;
    return all + (EXPERTS.test(name) ? bytes * share : bytes);
  }, 0);
}
