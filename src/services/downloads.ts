import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { shuttingDown } from "../errors.ts";
import { DownloadJournal } from "../hub/download-journal.ts";
import type { FileDownloadOptions } from "../hub/file-download.ts";
import { downloadNotFound, insufficientDisk, notResumable } from "../hub/hub-failures.ts";
import type { Access } from "../hub/http.ts";
import type { RemoteModel } from "../hub/locate.ts";
import type { Log } from "../log.ts";
import type { DownloadStatus } from "../schemas/download.ts";
import { diskOf } from "../system/disk.ts";
import { Download } from "./download.ts";
import type { EventBus } from "./events.ts";
import type { FetchHooks } from "./deploy-plan.ts";
import { Turnstile } from "./turnstile.ts";

export interface DownloadsParts {
  config: Pick<Config, "home" | "modelsDir" | "hubEndpoint">;
  events: EventBus;
  log: Log;
  /** What this machine has for the hub; asked whenever a download starts. */
  token: () => Promise<string | null>;
  /** Bytes free on the disk of a folder; `null` when nobody can tell. Default: the file system is asked. */
  freeSpace?: (directory: string) => Promise<number | null>;
  /** Whether they are kept over restarts; a server that shares its home with another leaves that to it. Default: yes. */
  kept?: () => boolean;
  options?: FileDownloadOptions;
}

/** How many models are downloaded at a time; each takes several connections. */
const AT_A_TIME = 3;
/** How many that are over are still listed. */
const REMEMBERED = 50;
/** Left free for everything else on the disk. */
const MARGIN = 64 * 1024 * 1024;

/** Every download: one for all who want the same model, kept over restarts of the server. */
export class Downloads {
  readonly #parts: DownloadsParts;
  readonly #journal: DownloadJournal;
  readonly #turnstile = new Turnstile(AT_A_TIME);
  /** Oldest first. */
  readonly #downloads = new Map<string, Download>();
  /** What the journal says of each, so that progress alone writes nothing. */
  readonly #noted = new Map<string, string>();
  /** What still writes or removes files of a download that was cancelled, by the name of its model. */
  readonly #ending = new Map<string, Promise<unknown>>();
  #restored: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(parts: DownloadsParts) {
    this.#parts = parts;
    this.#journal = new DownloadJournal(join(parts.config.home, "downloads"));
  }

  /** Goes on with what was under way when the server ended. */
  restore(): Promise<void> {
    this.#restored = this.#restore();
    return this.#restored;
  }

  /** Oldest first. */
  list(): DownloadStatus[] {
    return Array.from(this.#downloads.values(), (download) => download.status());
  }

  /** @throws ApiError `download_not_found` */
  get(id: string): Download {
    const download = this.#downloads.get(id);
    if (!download) throw downloadNotFound(id);
    return download;
  }

  /**
   * Starts to download a model, or joins who does already.
   * @param token instead of this machine's own; kept in memory alone
   * @throws ApiError `insufficient_disk`
   */
  async pull(model: RemoteModel, token: string | null): Promise<Download> {
    return this.#begin(model, token, true);
  }

  /**
   * Downloads a model for as long as somebody waits: when `signal` aborts and nobody else wants it, it pauses.
   * @throws ApiError why it failed, or why `signal` aborted
   */
  async fetch(model: RemoteModel, { signal, onProgress }: FetchHooks, token: string | null): Promise<void> {
    const download = await this.#begin(model, token, false);
    download.waiting++;
    try {
      await download.finished(signal, onProgress);
    } finally {
      download.waiting--;
      const isUnwanted = !download.wanted && download.waiting === 0 && download.active;
      // What ends with the server goes on with its next start.
      if (isUnwanted && !this.#closing) await this.pause(download.id);
    }
  }

  /** @throws ApiError `download_not_found` */
  async pause(id: string): Promise<DownloadStatus> {
    const download = this.get(id);
    if (download.active) await download.pause();
    return download.status();
  }

  /** @throws ApiError `download_not_found`, `not_resumable` when it was cancelled, or `insufficient_disk` */
  async resume(id: string): Promise<DownloadStatus> {
    const download = this.get(id);
    if (download.state === "cancelled") throw notResumable(download.model.name);
    await this.#assertSpace(download);
    download.wanted = true;
    download.start(await this.#access(null));
    return download.status();
  }

  /**
   * Ends a download, or forgets one that is over.
   * @param discard removes what arrived, which else the next pull continues with
   * @throws ApiError `download_not_found`
   */
  async cancel(id: string, discard: boolean): Promise<DownloadStatus> {
    const download = this.get(id);
    // What lies there of one that was cancelled may be a newer one's by now.
    const isLeft = download.state === "cancelled" && discard && !this.#open(download.model);
    if (download.over) this.#forget(id);
    if (!download.over || isLeft) await this.#end(download, discard);
    return download.status();
  }

  /** Whether a file below the models directory is being written. */
  isBusy(name: string): boolean {
    return Array.from(this.#downloads.values()).some(({ active, model }) => active && model.name === name);
  }

  /** Stops every download where it is; the next start goes on. */
  async close(): Promise<void> {
    this.#closing = true;
    const closing = Array.from(this.#downloads.values(), (download) => download.close());
    // One that fails to end keeps nothing else from ending.
    await Promise.allSettled([...closing, ...this.#ending.values()]);
    await this.#journal.flush();
  }

  async #restore(): Promise<void> {
    for (const record of await this.#journal.list()) {
      if (this.#downloads.has(record.id)) continue;
      const download = this.#add(new Download(record, this.#downloadParts()));
      await download.measure();
      if (!record.paused && record.error === null) download.start(await this.#access(null));
    }
  }

  async #begin(model: RemoteModel, token: string | null, wanted: boolean): Promise<Download> {
    await this.#restored;
    const access = await this.#access(token);
    let known: Download;
    do {
      await this.#ending.get(model.name);
      known = (await this.#known(model)) ?? this.#new(model, wanted);
      if (!known.active && !known.over) await this.#assertSpace(known);
    } while (this.#ending.has(model.name) || known.state === "cancelled");
    // Somebody else may have begun the same meanwhile. From here on nothing is awaited.
    if (this.#closing) throw shuttingDown();
    const download = this.#open(model) ?? (known.over ? known : this.#add(known));
    if (wanted) download.wanted = true;
    download.start(access, model);
    return download;
  }

  /** Who downloads this model, or has just done so. */
  async #known(model: RemoteModel): Promise<Download | undefined> {
    const open = this.#open(model);
    // What lies there of an older content is of no use for a newer one.
    if (open && !open.active && !isSameContent(open.model, model)) await this.#end(open, false);
    else if (open) return open;
    const last = Array.from(this.#downloads.values()).findLast(
      ({ state, model: done }) =>
        state === "completed" && done.name === model.name && isSameContent(done, model),
    );
    return (await last?.isPresent()) ? last : undefined;
  }

  /** The one that is not over and writes the same files. */
  #open({ name }: RemoteModel): Download | undefined {
    return Array.from(this.#downloads.values()).find(({ over, model }) => !over && model.name === name);
  }

  /** Cancels a download. Until nothing of it moves any more, no other one of the same files begins. */
  async #end(download: Download, discard: boolean): Promise<void> {
    const { name } = download.model;
    const cancelling = download.cancel({ discard });
    const ended = Promise.allSettled([this.#ending.get(name), cancelling]);
    this.#ending.set(name, ended);
    await ended;
    if (this.#ending.get(name) === ended) this.#ending.delete(name);
    await cancelling;
  }

  #new(model: RemoteModel, wanted: boolean): Download {
    const id = `dl_${crypto.randomUUID().replaceAll("-", "")}`;
    const record = { id, model, wanted, paused: false, created: Date.now(), error: null };
    return new Download(record, this.#downloadParts());
  }

  #add(download: Download): Download {
    this.#downloads.set(download.id, download);
    const over = Array.from(this.#downloads.values()).filter((one) => one.over);
    for (const old of over.slice(0, Math.max(0, over.length - REMEMBERED))) this.#forget(old.id);
    return download;
  }

  #forget(id: string): void {
    this.#downloads.delete(id);
    this.#noted.delete(id);
  }

  #downloadParts() {
    return {
      modelsDir: this.#parts.config.modelsDir,
      turnstile: this.#turnstile,
      log: this.#parts.log,
      options: this.#parts.options ?? {},
      freeSpace: (download: Download) => this.#freeSpace(download),
      onChange: (download: Download) => this.#changed(download),
    };
  }

  #changed(download: Download): void {
    const status = download.status();
    this.#parts.events.emit("download", status);
    const { log, kept = () => true } = this.#parts;
    if (this.#closing || !kept()) return;
    const record = download.record();
    const { paused, wanted, error } = record;
    const note = JSON.stringify([download.over, paused, wanted, error]);
    if (this.#noted.get(download.id) === note) return;
    this.#noted.set(download.id, note);
    const keeping = download.over ? this.#journal.remove(download.id) : this.#journal.save(record);
    keeping.catch((error: unknown) => {
      log.warn({ err: error, model: status.model_name }, "download can not be kept for a restart");
    });
  }

  async #assertSpace(download: Download): Promise<void> {
    await download.measure();
    const { left } = download;
    const free = await this.#freeSpace(download);
    if (left === null || free === null || left <= free) return;
    throw insufficientDisk(download.model.name, left, free, this.#parts.config.modelsDir);
  }

  /** What the disk has, less what the others under way will still take. */
  async #freeSpace(download: Download): Promise<number | null> {
    const { config, freeSpace = freeOn } = this.#parts;
    const free = await freeSpace(config.modelsDir);
    if (free === null) return null;
    const others = Array.from(this.#downloads.values()).filter((one) => one !== download && one.active);
    const reserved = others.reduce((sum, { left }) => sum + (left ?? 0), 0);
    return Math.max(0, free - reserved - MARGIN);
  }

  async #access(token: string | null): Promise<Access> {
    return { endpoint: this.#parts.config.hubEndpoint, token: token ?? (await this.#parts.token()) };
  }
}

const isSameContent = (a: RemoteModel, b: RemoteModel) =>
  Bun.deepEquals(
    a.files.map(({ size, sha256, etag }) => [size, sha256, etag]),
    b.files.map(({ size, sha256, etag }) => [size, sha256, etag]),
  );

async function freeOn(directory: string): Promise<number | null> {
  return (await diskOf(directory))?.available ?? null;
}
