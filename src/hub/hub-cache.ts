import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type DiskFile, type FoundModel, listModels } from "./model-listing.ts";
import { folderOf } from "./model-name.ts";

/** How the cache names the folder of `user/repository`. */
const REPOSITORY = /^models--([^-].*?)--(.+)$/;

/**
 * The models in the cache that programs using the hub share, named as on the hub: `user/repo/file.gguf`. Its
 * layout is `models--user--repo/refs/<revision>`, which holds a commit, and `snapshots/<commit>/<path>`, links
 * to blobs that are complete.
 */
export async function listCachedModels(directory: string): Promise<FoundModel<DiskFile>[]> {
  const folders = await readdir(directory).catch(() => []);
  const models = await Promise.all(folders.map((folder) => listRepository(directory, folder)));
  return models.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function listRepository(directory: string, folder: string): Promise<FoundModel<DiskFile>[]> {
  const [, user, name] = REPOSITORY.exec(folder) ?? [];
  if (user === undefined || name === undefined) return [];
  const root = join(directory, folder);
  const revisions = await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: join(root, "refs") })).catch(
    () => [],
  );
  const found = await Promise.all(
    revisions.map(async (revision) => {
      // One that is being replaced just now may be gone since it was listed.
      const text = await Bun.file(join(root, "refs", revision))
        .text()
        .catch(() => "");
      const commit = text.trim();
      const prefix = folderOf({ repo: `${user}/${name}`, revision: revision === "main" ? null : revision });
      // A commit that is no plain word would be a path out of here.
      const models = /^\w+$/.test(commit) ? await listModels(join(root, "snapshots", commit)) : [];
      return models.map((model) => named(model, prefix));
    }),
  );
  return found.flat();
}

function named(model: FoundModel<DiskFile>, prefix: string): FoundModel<DiskFile> {
  return {
    ...model,
    name: `${prefix}/${model.name}`,
    parts: model.parts.map((part) => ({ ...part, name: `${prefix}/${part.name}` })),
  };
}
