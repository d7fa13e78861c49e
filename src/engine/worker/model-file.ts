import { basename } from "node:path";
import { GgmlType, GgufInsights, type Llama, readGgufFileInfo } from "node-llama-cpp";
import { loadFailed } from "../../errors.ts";
import { readGgufFile } from "../../formats/gguf/read.ts";
import { bytesAddedByRearranging } from "./rearranged.ts";

/** What is known of a model before its weights are loaded. */
export interface ModelFileFacts {
  insights: GgufInsights;
  architecture: string;
  /** e.g. `Q4_K_M`; `null` where the file does not say. */
  quantisation: string | null;
  trainedContextLength: number;
  /** Count of tokens. */
  vocabularySize: number;
  /** Storage types of all its tensors, e.g. `Q4_K`. */
  tensorTypes: ReadonlySet<string>;
  /** Bytes that its weights take more in memory than in the file, on the CPU. */
  addedBytes: number;
}

/** Where a file does not say, as llama.cpp assumes. */
const TRAINED_CONTEXT = 2048;

/**
 * Reads the header of a GGUF file and judges whether llama.cpp can generate text with it.
 * @throws ApiError `model_load_failed` with the reason
 */
export async function readModelFile(path: string, llama: Llama): Promise<ModelFileFacts> {
  // Our own reader first: it finds damage that llama.cpp meets late, or only tells its log.
  const header = await readGgufFile(path, basename(path));
  const insights = await GgufInsights.from(
    await readGgufFileInfo(path, { sourceType: "filesystem", logWarnings: false }),
    llama,
  );
  const architecture = header.architecture ?? "unknown";
  if (!insights.isSupportedByLlamaCpp)
    throw loadFailed(`The architecture '${architecture}' is not known to this version of llama.cpp`);
  if (insights.hasEncoder || !insights.hasDecoder)
    throw loadFailed(`The architecture '${architecture}' does not generate text from a prompt alone`);
  const vocabularySize = insights.ggufFileInfo.metadata.tokenizer?.ggml?.tokens?.length ?? 0;
  if (vocabularySize === 0)
    throw loadFailed("The file holds no vocabulary: it is not a whole language model");
  // Of all the files a model may be split into, unlike `header`.
  const tensors = (insights.ggufFileInfo.fullTensorInfo ?? []).map(({ name, ggmlType, dimensions }) => ({
    name,
    type: GgmlType[ggmlType],
    shape: dimensions.map(Number),
  }));
  return {
    insights,
    architecture,
    quantisation: header.quantisation,
    trainedContextLength: insights.trainContextSize ?? TRAINED_CONTEXT,
    vocabularySize,
    tensorTypes: new Set(tensors.map(({ type }) => type)),
    addedBytes: bytesAddedByRearranging(tensors),
  };
}
