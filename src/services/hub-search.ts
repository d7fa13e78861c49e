import type { Config } from "../config/config.ts";
import { HubClient, type Repository } from "../hub/hub-client.ts";
import type { ModelLibrary } from "../hub/model-library.ts";
import { groupModels, modelKey, stemOf } from "../hub/model-listing.ts";
import { isSafePath } from "../hub/model-name.ts";
import { byPreference, quantisationOf } from "../hub/quantisation.ts";
import type { HubModel, HubRepository } from "../schemas/hub.ts";
import { Turnstile } from "./turnstile.ts";

export interface HubSearchParts {
  config: Pick<Config, "hubEndpoint">;
  library: ModelLibrary;
  token: () => Promise<string | null>;
}

/** Lists of files are asked for a repository each; the hub counts them. */
const AT_A_TIME = 4;
const KEPT_MS = 10 * 60_000;
const MOST_KEPT = 200;

/** Finds repositories with GGUF files, and what is in them. */
export class HubSearch {
  readonly #parts: HubSearchParts;
  readonly #turnstile = new Turnstile(AT_A_TIME);
  /** Files by repository and commit. */
  readonly #files = new Map<string, { models: Omit<HubModel, "present">[]; until: number }>();

  constructor(parts: HubSearchParts) {
    this.#parts = parts;
  }

  /** @throws ApiError when the hub gives no answer */
  async search(query: string, limit: number, signal: AbortSignal): Promise<HubRepository[]> {
    const { config, library, token } = this.#parts;
    const client = new HubClient({ endpoint: config.hubEndpoint, token: await token() });
    const [found, here] = await Promise.all([client.search(query, limit, signal), library.list()]);
    const keys = new Set(here.map(({ name }) => modelKey(name)));
    return Promise.all(
      found.map(async (repository) => {
        const models = await this.#turnstile.run(signal, () => this.#models(client, repository, signal));
        const present = models.map((model) => ({ ...model, present: keys.has(modelKey(model.name)) }));
        return toHubRepository(repository, present, config.hubEndpoint);
      }),
    );
  }

  /** None where they can not be read: the rest of the search is worth its answer. */
  async #models(client: HubClient, { id, commit }: Repository, signal: AbortSignal) {
    const key = `${id}@${commit}`;
    const now = performance.now();
    const known = this.#files.get(key);
    if (known && known.until > now) return known.models;
    const files = await client.files(id, commit, signal).catch(() => null);
    if (!files) return [];
    const models = groupModels(files.filter(({ name }) => isSafePath(name)))
      .map((model) => ({
        name: `${id}/${model.name}`,
        quantisation: quantisationOf(stemOf(model.name)),
        fileSize: model.fileSize,
        files: model.parts.length,
      }))
      .toSorted(byPreference)
      .map(({ fileSize, ...model }) => ({ ...model, size: fileSize }));
    this.#files.set(key, { models, until: now + KEPT_MS });
    for (const old of this.#files.keys()) {
      if (this.#files.size <= MOST_KEPT) break;
      this.#files.delete(old);
    }
    return models;
  }
}

function toHubRepository(
  { id, downloads, likes, lastModified, gated, gguf }: Repository,
  models: HubModel[],
  endpoint: string,
): HubRepository {
  return {
    id,
    url: `${endpoint}/${id}`,
    downloads,
    likes,
    last_modified: lastModified,
    gated,
    architecture: gguf?.architecture ?? null,
    parameters: gguf?.parameters ?? null,
    context_length: gguf?.contextLength ?? null,
    models,
  };
}
