import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { WireError } from "../errors.ts";
import { downloadFailed } from "./hub-failures.ts";
import type { RemoteModel } from "./locate.ts";
import { writeWhole } from "./part-file.ts";

/** A download that is not done, as the next start of the server finds it. Never a token. */
export interface DownloadRecord {
  id: string;
  model: RemoteModel;
  /** Somebody asked for it by itself, and not only a deployment. */
  wanted: boolean;
  paused: boolean;
  /** Unix time in milliseconds. */
  created: number;
  /** Why it failed; `null` when it did not. */
  error: WireError | null;
}

const ID = /^[\w-]+$/;

/** What is being downloaded, as one small file for each in a folder. */
export class DownloadJournal {
  readonly #folder: string;
  /** Writes happen in the order they were asked for. */
  #last: Promise<void> = Promise.resolve();

  /** @param folder absolute; it need not exist */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Oldest first; what can not be read is left out. */
  async list(): Promise<DownloadRecord[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const records = await Promise.all(
      names.filter((name) => /^[\w-]+\.json$/.test(name)).map((name) => read(join(this.#folder, name))),
    );
    return records.filter((record) => record !== null).toSorted((a, b) => a.created - b.created);
  }

  save(record: DownloadRecord): Promise<void> {
    const text = JSON.stringify(withoutSecrets(record));
    return this.#inTurn(async () => {
      await mkdir(this.#folder, { recursive: true });
      await writeWhole(this.#path(record.id), text, 0o600);
    });
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(() => rm(this.#path(id), { force: true }));
  }

  /** Resolves when everything asked for so far is on the disk. */
  flush(): Promise<void> {
    return this.#last.catch(() => {});
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    this.#last = this.#last.catch(() => {}).then(write);
    return this.#last;
  }

  #path(id: string): string {
    if (!ID.test(id)) throw new RangeError(`'${id}' can not name a file`);
    return join(this.#folder, `${id}.json`);
  }
}

/** Whether an address works only with what stands behind its question mark. */
const isSigned = (url: string): boolean => new URL(url).search !== "";

/** An address without what may be a secret. */
export function plainAddress(address: string): string {
  const { origin, pathname } = new URL(address);
  return origin + pathname;
}

/** What stands behind a question mark may open a file to whoever has it. */
function withoutSecrets(record: DownloadRecord): DownloadRecord & { unsigned: boolean } {
  const files = record.model.files.map((file) => ({ ...file, url: plainAddress(file.url) }));
  return {
    ...record,
    model: { ...record.model, files },
    unsigned: record.model.files.some(({ url }) => isSigned(url)),
  };
}

async function read(path: string): Promise<DownloadRecord | null> {
  try {
    const { unsigned, ...record } = (await Bun.file(path).json()) as DownloadRecord & { unsigned: boolean };
    if (!Array.isArray(record.model.files) || !ID.test(record.id)) return null;
    if (!unsigned) return record;
    const error = downloadFailed(record.model.name, "its address carried a secret, which is not kept");
    return { ...record, error: error.toWire() };
  } catch {
    return null;
  }
}
