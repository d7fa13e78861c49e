import type { Lora } from "../engine/engine.ts";
import { adapterNotFound, ApiError, invalidRequest, isAdapter } from "../errors.ts";
import { adapterMisfit } from "../formats/gguf/adapter.ts";
import type { DeployRequest } from "../schemas/deployment.ts";
import type { DeployPlan, FileSource, ModelHeader } from "./deploy-plan.ts";

/** The names that a request has for what its model needs beside it. */
export const toCompanions = ({ draft_model, lora }: DeployRequest): DeployPlan["companions"] => ({
  draft_model: draft_model || null,
  lora: (lora ?? []).map(named),
});

/** An adapter with how strongly it counts, 1 unless the request says otherwise. */
function named(given: NonNullable<DeployRequest["lora"]>[number]): { path: string; scale: number } {
  const { path, scale } = typeof given === "string" ? { path: given, scale: undefined } : given;
  return { path, scale: scale ?? 1 };
}

/**
 * The adapters of a model.
 * @param model `null` when its file can not be read
 * @throws ApiError when a name stands for no file, for one that is no adapter, or for that of another model
 */
export async function toLoras(
  { lora }: DeployRequest,
  files: FileSource,
  model: ModelHeader | null,
): Promise<Lora[]> {
  return Promise.all(
    (lora ?? []).map(async (given, index) => {
      const { path: name, scale } = named(given);
      const field = `lora.${index}`;
      const { path, header } = await findBeside(name, field, files).catch((error: unknown) => {
        // What is said of a model that is missing is of no help here.
        throw error instanceof ApiError && error.code === "model_not_found"
          ? adapterNotFound(name, field)
          : error;
      });
      if (!header.isAdapter)
        throw invalidRequest(`'${name}' is no adapter: its file says nothing of the kind`, field);
      const misfit = model && adapterMisfit(header, model);
      if (misfit) throw invalidRequest(`'${name}' is an adapter of another model: ${misfit}`, field);
      return { path, scale };
    }),
  );
}

/**
 * The model that guesses for another one.
 * @param model `null` when its file can not be read
 * @throws ApiError when the name stands for no file on this machine, for one that is no model, or for one with
 * another vocabulary
 */
export async function toDraft(
  { draft_model: name }: DeployRequest,
  files: FileSource,
  model: ModelHeader | null,
): Promise<string | null> {
  if (!name) return null;
  const field = "draft_model";
  const { path, header } = await findBeside(name, field, files);
  if (header.isAdapter) throw isAdapter(name).namedBy(field);
  // Whether the words are the same, too, only the engine can tell: headers are read without them.
  if (model && header.vocabularySize !== model.vocabularySize)
    throw invalidRequest(
      `'${name}' can not guess for this model: its vocabulary has ${header.vocabularySize ?? "no"} tokens, and the model's ${model.vocabularySize ?? "none"}`,
      field,
    );
  return path;
}

/** A file on this machine that the model needs beside its own. @throws ApiError told of `field` */
async function findBeside(name: string, field: string, files: FileSource) {
  try {
    const file = await files.resolve(name, { eightBit: false, fourBit: false, token: null, onDisk: true });
    return { path: file.path, header: await files.header(file) };
  } catch (error) {
    throw error instanceof ApiError ? error.namedBy(field) : error;
  }
}
