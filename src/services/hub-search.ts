import type { Config } from "../config/config.ts";
import { HubClient, type Repository } from "../hub/hub-client.ts";
import type { ModelLibrary } from "../hub/model-library.ts";
import { groupModels, isComplete, modelKey, stemOf } from "../hub/model-listing.ts";
import { isSafePath } from "../hub/model-name.ts";
import { byPreference, quantisationOf } from "../hub/quantisation.ts";
import type { HubModel, HubRepository } from "../schemas/hub.ts";
import type { SystemStatus } from "../schemas/system.ts";
import type { SystemReader } from "./status.ts";
import { Turnstile } from "./turnstile.ts";

export interface HubSearchParts {
  config: Pick<Config, "hubEndpoint">;
  library: ModelLibrary;
  system: SystemReader;
  /** Whether an engine for the GPUs is installed and its driver there. */
  gpuUsable: () => boolean;
  token: () => Promise<string | null>;
}

/** A model as the hub tells it; what this machine makes of it is added when it is shown. */
type Offer = Omit<HubModel, "present" | "fit">;

/** What is free, in bytes. */
interface Free {
  ram: number;
  /** Of each GPU that tells. */
  vram: number[];
}

/** KV cache, buffers and the engine itself, for a usual context. */
const withContext = (fileSize: number) => fileSize * 1.1 + 300e6;

/** Lists of files are asked for a repository each; the hub counts them. */
const AT_A_TIME = 4;
const KEPT_MS = 10 * 60_000;
const MOST_KEPT = 200;

/** Finds repositories with GGUF files, and what is in them. */
export class HubSearch {
  readonly #parts: HubSearchParts;
  readonly #turnstile = new Turnstile(AT_A_TIME);
  /** Files by repository and commit. */
  readonly #files = new Map<string, { offers: Offer[]; until: number }>();

  constructor(parts: HubSearchParts) {
    this.#parts = parts;
  }

  /** @throws ApiError when the hub gives no answer */
  async search(query: string, limit: number, signal: AbortSignal): Promise<HubRepository[]> {
    const { config, library, system, gpuUsable, token } = this.#parts;
    const client = new HubClient({ endpoint: config.hubEndpoint, token: await token() });
    const [found, here, machine] = await Promise.all([
      client.search(query, limit, signal),
      library.list(),
      system.status(),
    ]);
    const free = freeOf(machine, gpuUsable());
    const keys = new Set(here.filter(isComplete).map(({ name }) => modelKey(name)));
    return Promise.all(
      found.map(async (repository) => {
        const offers = await this.#turnstile.run(signal, () => this.#offers(client, repository, signal));
        const models = offers.map((offer) => ({
          ...offer,
          present: keys.has(modelKey(offer.name)),
          fit: fitOf(withContext(offer.size), free),
        }));
        return toHubRepository(repository, models, config.hubEndpoint);
      }),
    );
  }

  /** None where they can not be read: the rest of the search is worth its answer. */
  async #offers(client: HubClient, { id, commit }: Repository, signal: AbortSignal): Promise<Offer[]> {
    const key = `${id}@${commit}`;
    const now = performance.now();
    const known = this.#files.get(key);
    if (known && known.until > now) return known.offers;
    const files = await client.files(id, commit, signal).catch(() => null);
    if (!files) return [];
    const offers = groupModels(files.filter(({ name }) => isSafePath(name)))
      .map((model) => ({
        name: `${id}/${model.name}`,
        quantisation: quantisationOf(stemOf(model.name)),
        fileSize: model.fileSize,
        files: model.parts.length,
      }))
      .toSorted(byPreference)
      .map(({ fileSize, ...model }) => ({ ...model, size: fileSize }));
    this.#files.set(key, { offers, until: now + KEPT_MS });
    for (const old of this.#files.keys()) {
      if (this.#files.size <= MOST_KEPT) break;
      this.#files.delete(old);
    }
    return offers;
  }
}

function freeOf({ memory, gpu }: SystemStatus, gpuUsable: boolean): Free {
  const vram = (gpuUsable ? gpu : []).map(
    ({ memory_total: total, memory_used: used }) => (total ?? 0) - (used ?? 0),
  );
  return { ram: memory.available, vram };
}

function fitOf(need: number, { ram, vram }: Free): HubModel["fit"] {
  if (vram.some((bytes) => need <= bytes)) return "gpu";
  return need <= vram.reduce((sum, bytes) => sum + bytes, ram) ? "memory" : "none";
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
