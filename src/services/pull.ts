import { invalidRequest } from "../errors.ts";
import type { PullAnswer, PullRequest } from "../schemas/download.ts";
import type { Downloads } from "./downloads.ts";
import type { ModelFiles } from "./model-files.ts";

/**
 * Finds what a name stands for and starts to download it, unless it is here.
 * @throws ApiError what `ModelFiles.resolve` and `Downloads.pull` throw
 */
export async function pullModel(
  request: PullRequest,
  name: string,
  files: Pick<ModelFiles, "resolve">,
  downloads: Pick<Downloads, "pull">,
): Promise<PullAnswer> {
  const { load_in_8bit: eightBit, load_in_4bit: fourBit, hf_token } = request;
  if (eightBit && fourBit)
    throw invalidRequest("load_in_8bit and load_in_4bit exclude each other: set one of them", "load_in_4bit");
  const token = hf_token || null;
  const wish = { eightBit: eightBit ?? false, fourBit: fourBit ?? false, token, onDisk: false };
  const file = await files.resolve(name, wish);
  if (!file.download)
    return {
      message: `The model '${file.name}' is on this machine already`,
      model_name: file.name,
      status: "present",
      download: null,
    };
  const status = (await downloads.pull(file.download, token)).status();
  return {
    message: `The model '${file.name}' is being downloaded: GET /downloads/${status.id}/events follows it`,
    model_name: file.name,
    status: status.state,
    download: status,
  };
}
