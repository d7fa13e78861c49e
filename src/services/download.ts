import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ApiError } from "../errors.ts";
import { downloadCancelled, insufficientDisk } from "../hub/hub-failures.ts";
import type { Access } from "../hub/http.ts";
import { type DownloadRecord, plainAddress } from "../hub/download-journal.ts";
import { removeEmptyFolders } from "../hub/empty-folders.ts";
import { FileDownload, type FileDownloadOptions } from "../hub/file-download.ts";
import type { RemoteFile, RemoteModel } from "../hub/locate.ts";
import { holds, readOrigin, removeDownloaded, writeOrigin } from "../hub/origin.ts";
import { discardPart, partialBytes } from "../hub/part-file.ts";
import type { Log } from "../log.ts";
import type { DownloadState, DownloadStatus } from "../schemas/download.ts";
import { toDownloadFailure } from "./download-failure.ts";
import { DownloadProgress } from "./download-progress.ts";
import type { Turnstile } from "./turnstile.ts";

export interface DownloadParts {
  /** Absolute; files go below it. */
  modelsDir: string;
  turnstile: Turnstile;
  log: Log;
  options: FileDownloadOptions;
  /** Bytes free for this download where it goes to; `null` when nobody can tell. */
  freeSpace: (download: Download) => Promise<number | null>;
  /** Called after every change, and now and then while bytes arrive. */
  onChange: (download: Download) => void;
}

const PROGRESS_EVERY_MS = 200;
const ACTIVE: ReadonlySet<DownloadState> = new Set(["queued", "downloading", "verifying"]);
const OVER: ReadonlySet<DownloadState> = new Set(["completed", "cancelled"]);

/** One model on its way to this machine: all its files, through pauses, failures and restarts of the server. */
export class Download {
  readonly id: string;
  #model: RemoteModel;
  readonly created: number;
  /** Somebody asked for it by itself, and not only a deployment. */
  wanted: boolean;
  /** How many deployments wait for it. */
  waiting = 0;
  readonly #parts: DownloadParts;
  readonly #progress: DownloadProgress;
  readonly #listeners = new Set<() => void>();
  #state: DownloadState;
  #stop = new AbortController();
  #run: Promise<void> = Promise.resolve();
  #shown = 0;
  /** Tenths of the download that the log tells. */
  #tenth = 0;
  #verified: number | null = null;
  #note: string | null = null;
  #error: ApiError | null;

  /** Nothing happens before `start`. */
  constructor(record: DownloadRecord, parts: DownloadParts) {
    this.id = record.id;
    this.#model = record.model;
    this.created = record.created;
    this.wanted = record.wanted;
    this.#parts = parts;
    this.#progress = new DownloadProgress(record.model.files);
    this.#error = record.error && ApiError.fromWire(record.error);
    this.#state = this.#error ? "failed" : "paused";
  }

  get model(): RemoteModel {
    return this.#model;
  }

  get state(): DownloadState {
    return this.#state;
  }

  /** Whether it is under way or waits for its turn. */
  get active(): boolean {
    return ACTIVE.has(this.#state);
  }

  /** Whether nothing will ever change any more. */
  get over(): boolean {
    return OVER.has(this.#state);
  }

  /** Bytes still to come; `null` when the size is not known. */
  get left(): number | null {
    return this.#progress.left;
  }

  /** How the next start of the server is to find it. */
  record(): DownloadRecord {
    return {
      id: this.id,
      model: this.model,
      wanted: this.wanted,
      paused: this.#state === "paused",
      created: this.created,
      error: this.#error?.toWire() ?? null,
    };
  }

  /**
   * Begins, or goes on after a pause or a failure. Does nothing when it is under way or over.
   * @param model the same content, as it was found by now: signed addresses pass
   */
  start(access: Access, model: RemoteModel = this.#model): void {
    if (this.active || this.over) return;
    this.#model = model;
    const before = this.#run;
    const stop = (this.#stop = new AbortController());
    this.#error = null;
    this.#note = null;
    this.#become("queued");
    this.#run = before.then(() => this.#work(access, stop));
  }

  /** Keeps what is there. @returns when nothing writes any more */
  pause(): Promise<void> {
    return this.#end("paused");
  }

  /** Keeps what is there for a later download of the same, unless told otherwise; then also when it was cancelled. */
  async cancel({ discard = false } = {}): Promise<void> {
    await this.#end("cancelled");
    if (discard) await this.#discard();
    await this.#tidy();
  }

  /** Ends with the server, and goes on with its next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }

  /** Looks what is there of it, before it starts. */
  async measure(): Promise<void> {
    for (const [index, file] of this.model.files.entries()) {
      const target = this.#target(file);
      const isThere = await holds(target, file);
      this.#progress.found(index, isThere ? (file.size ?? 0) : await partialBytes(target, file));
    }
  }

  /** Whether every file has its name; one may have been removed since. */
  async isPresent(): Promise<boolean> {
    const found = await Promise.all(
      this.model.files.map((file) => stat(this.#target(file)).catch(() => null)),
    );
    return found.every((file) => file?.isFile() ?? false);
  }

  /** Calls `listener` after each change. @returns a function that ends that */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves when the model is there; a pause is waited for.
   * @throws ApiError why it failed, or why `signal` aborted
   */
  async finished(signal: AbortSignal, onProgress: (fraction: number) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (this.#state === "completed") resolve();
      else if (this.#state === "failed") reject(this.#error);
      else if (this.#state === "cancelled") reject(downloadCancelled(this.model.name));
      else onProgress(this.status().progress ?? 0);
    };
    const abort = () => reject(signal.reason);
    const end = this.watch(look);
    signal.addEventListener("abort", abort, { once: true });
    try {
      signal.throwIfAborted();
      look();
      await promise;
    } finally {
      end();
      signal.removeEventListener("abort", abort);
    }
  }

  status(): DownloadStatus {
    return {
      id: this.id,
      model_name: this.model.name,
      source: this.model.repo ?? plainAddress(this.model.files[0]?.url ?? "about:blank"),
      state: this.#state,
      files: this.model.files.length,
      progress: this.#fraction,
      ...this.#progress.figures(this.#state === "downloading"),
      created: Math.floor(this.created / 1000),
      note: this.#note,
      error: this.#error?.message ?? null,
    };
  }

  get #fraction(): number | null {
    if (this.#state === "completed") return 1;
    return this.#state === "verifying" ? this.#verified : this.#progress.fraction;
  }

  async #work(access: Access, stop: AbortController): Promise<void> {
    try {
      await this.#parts.turnstile.run(stop.signal, async () => {
        await this.measure();
        await this.#assertSpace();
        stop.signal.throwIfAborted();
        this.#tenth = Math.floor((this.#progress.fraction ?? 0) * 10);
        this.#become("downloading");
        const files = this.model.files.map((file, index) => this.#file(file, index, access, stop.signal));
        for (const file of files) await file.run();
        stop.signal.throwIfAborted();
        // In one go: what they replace is whole until then, and never mixed with them.
        for (const file of files) await file.finish();
      });
      this.#become("completed");
    } catch (error) {
      // Whoever aborted it has given it its state, or it ends with the server.
      if (stop.signal.aborted) return;
      const { modelsDir } = this.#parts;
      this.#error = toDownloadFailure(error, this.model, { access, left: this.left ?? 0, modelsDir });
      this.#note = null;
      await this.#tidy();
      this.#parts.log.warn({ model: this.model.name, reason: this.#error.message }, "download failed");
      this.#become("failed");
    }
  }

  #file(file: RemoteFile, index: number, access: Access, signal: AbortSignal): FileDownload {
    const target = this.#target(file);
    const hooks = {
      signal,
      onBytes: (bytes: number) => this.#arrived(index, bytes),
      onSize: (bytes: number) => this.#progress.setSize(index, bytes),
      onVerify: (fraction: number) => this.#verifying(fraction),
      onRetry: (reason: string, delayMs: number) => {
        this.#note = `${reason}; trying again in ${Math.ceil(delayMs / 1000)} s`;
        this.#show();
      },
      onVerified: async () => {
        const { repo, commit } = this.model;
        await writeOrigin(target, {
          url: plainAddress(file.url),
          repo,
          commit,
          sha256: file.sha256,
          size: this.#progress.size(index) ?? 0,
          downloaded: new Date().toISOString(),
        });
      },
    };
    return new FileDownload(file, target, access, hooks, this.#parts.options);
  }

  /** @throws ApiError `insufficient_disk` */
  async #assertSpace(): Promise<void> {
    const { left } = this;
    const free = await this.#parts.freeSpace(this);
    if (left !== null && free !== null && left > free)
      throw insufficientDisk(this.model.name, left, free, this.#parts.modelsDir);
  }

  async #end(state: "paused" | "cancelled"): Promise<void> {
    if (this.over) return this.#run;
    this.#note = null;
    // Before the abort, so that the run finds its state decided.
    this.#become(state);
    this.#stop.abort();
    await this.#run;
  }

  /** What arrived goes. A model of which every file is there is none that arrives: it was there before. */
  async #discard(): Promise<void> {
    const isPresent = await this.isPresent();
    for (const file of this.model.files) {
      const target = this.#target(file);
      await discardPart(target);
      if (!isPresent && (await readOrigin(target))) await removeDownloaded(target);
    }
  }

  /** Leaves no trace of a file of which nothing is there. A disk that refuses is told in the log, and ends nothing. */
  async #tidy(): Promise<void> {
    for (const file of this.model.files) {
      const target = this.#target(file);
      try {
        if ((await partialBytes(target, file)) === 0) await discardPart(target);
        await removeEmptyFolders(target, this.#parts.modelsDir);
      } catch (error) {
        this.#parts.log.warn(
          { err: error, file: file.name },
          "what is left of a download can not be removed",
        );
      }
    }
  }

  #arrived(index: number, bytes: number): void {
    this.#progress.arrived(index, bytes);
    this.#note = null;
    if (this.#state === "verifying") this.#become("downloading");
    this.#logTenth();
    this.#showSoon();
  }

  #verifying(fraction: number): void {
    this.#verified = fraction;
    if (this.#state === "downloading") this.#become("verifying");
    this.#showSoon();
  }

  #target(file: RemoteFile): string {
    return join(this.#parts.modelsDir, file.name);
  }

  #become(state: DownloadState): void {
    this.#state = state;
    if (state !== "failed") this.#log(`download ${state}`);
    this.#show();
  }

  /** For whoever has nothing but the log: each tenth of the way. */
  #logTenth(): void {
    const tenth = Math.floor((this.#progress.fraction ?? 0) * 10);
    if (tenth > this.#tenth && tenth < 10) this.#log("downloading");
    this.#tenth = tenth;
  }

  #log(message: string): void {
    const { fraction, downloaded, total } = this.#progress;
    const percent = fraction === null ? null : Math.floor(fraction * 100);
    this.#parts.log.info({ model: this.model.name, percent, bytes: downloaded, total_bytes: total }, message);
  }

  #showSoon(): void {
    if (performance.now() - this.#shown >= PROGRESS_EVERY_MS) this.#show();
  }

  #show(): void {
    this.#shown = performance.now();
    this.#parts.onChange(this);
    for (const listener of this.#listeners) listener();
  }
}
