import { GgufFileType, GgufInsights, type Llama, readGgufFileInfo } from "node-llama-cpp";
import { loadFailed } from "../../errors.ts";

/** What is known of a model before its weights are loaded. */
export interface ModelFileFacts {
  insights: GgufInsights;
  architecture: string;
  /** e.g. `Q4_K_M`; `null` where the file does not say. */
  quantisation: string | null;
  trainedContextLength: number;
}

const MAGIC = "GGUF";

/**
 * Reads the header of a GGUF file and judges whether llama.cpp can generate text with it.
 * @throws ApiError `model_load_failed` with the reason
 */
export async function readModelFile(path: string, llama: Llama): Promise<ModelFileFacts> {
  await checkMagic(path);
  const insights = await readInsights(path, llama);
  const { general } = insights.ggufFileInfo.metadata;
  const architecture = String(general?.architecture ?? "unknown");
  if (!insights.isSupportedByLlamaCpp)
    throw loadFailed(`The architecture '${architecture}' is not known to this version of llama.cpp`);
  if (insights.hasEncoder || !insights.hasDecoder)
    throw loadFailed(`The architecture '${architecture}' does not generate text from a prompt alone`);
  if (!insights.ggufFileInfo.metadata.tokenizer?.ggml?.tokens?.length)
    throw loadFailed("The file holds no vocabulary: it is not a whole language model");
  const type = GgufFileType[Number(general?.file_type)];
  return {
    insights,
    architecture,
    quantisation: type?.replace(/^(MOSTLY|ALL)_/, "") ?? null,
    trainedContextLength: insights.trainContextSize ?? 2048,
  };
}

async function checkMagic(path: string): Promise<void> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw loadFailed("The file is not there any more");
  const magic = await file.slice(0, MAGIC.length).text();
  if (magic !== MAGIC)
    throw loadFailed("The file is not a GGUF file: it does not begin with the letters GGUF");
}

async function readInsights(path: string, llama: Llama): Promise<GgufInsights> {
  try {
    const info = await readGgufFileInfo(path, { sourceType: "filesystem", logWarnings: false });
    return await GgufInsights.from(info, llama);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw loadFailed(`The header of the GGUF file can not be read; it is damaged or truncated (${reason})`);
  }
}
