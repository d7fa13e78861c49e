import { basename } from "node:path";
import { stat } from "node:fs/promises";
import { readGgufFile } from "../formats/gguf/read.ts";
import { BackOff } from "./back-off.ts";
import { ContentSource, type Delivery } from "./content-source.ts";
import { downloadCorrupt } from "./hub-failures.ts";
import { type Access, HttpFailure } from "./http.ts";
import type { RemoteFile } from "./locate.ts";
import { holds } from "./origin.ts";
import { discardPart, PartFile, partPath, promote } from "./part-file.ts";
import type { Range } from "./range-set.ts";
import { sha256OfFile } from "./verify-file.ts";

export interface FileDownloadHooks {
  signal: AbortSignal;
  /** Bytes of the file that are there, now and then. */
  onBytes: (bytes: number) => void;
  /** The size, where only the download tells it. */
  onSize: (bytes: number) => void;
  /** All bytes are there and are being compared with the hash; `fraction` of them so far. */
  onVerify: (fraction: number) => void;
  /** It failed and will try again. */
  onRetry: (reason: string, delayMs: number) => void;
  /** Called just before the file, whose content is right, gets its name. */
  onVerified: () => Promise<void>;
}

export interface FileDownloadOptions {
  /** How many parts are fetched at a time. Default 4. */
  parallel?: number;
  /** Bytes of one request. Default 16 MiB, of which a break loses nothing that arrived. */
  partSize?: number;
  /** Before the first new attempt, in milliseconds. Default 500. */
  retryDelayMs?: number;
  /** Between two notes of what is there, in milliseconds. Default 2000. */
  saveEveryMs?: number;
}

/** The server knows no ranges: a reason to begin again, in one piece. */
class NoRanges extends Error {}

/** Downloads one file: in parallel parts, continued where an earlier attempt ended, and verified. */
export class FileDownload {
  readonly #file: RemoteFile;
  readonly #target: string;
  readonly #source: ContentSource;
  readonly #hooks: FileDownloadHooks;
  readonly #options: Required<FileDownloadOptions>;
  readonly #backOff: BackOff;
  /** Whether the server has sent a part when it was asked for one. */
  #hasRanges = false;
  /** Bytes that were there at some time. */
  #most = 0;

  constructor(
    file: RemoteFile,
    target: string,
    access: Access,
    hooks: FileDownloadHooks,
    options: FileDownloadOptions = {},
  ) {
    this.#file = file;
    this.#target = target;
    this.#source = new ContentSource(file, access);
    this.#hooks = hooks;
    this.#options = {
      parallel: 4,
      partSize: 16 * 1024 * 1024,
      retryDelayMs: 500,
      saveEveryMs: 2000,
      ...options,
    };
    this.#backOff = new BackOff(this.#options.retryDelayMs);
  }

  /**
   * Resolves when the whole, verified content is there, for `finish` to give it its name. When it rejects, what is
   * there stays and the next run continues with it; only a content that turned out wrong is removed.
   * @throws HttpFailure, ApiError `download_corrupt`, a failure of the file system, or why it was aborted
   */
  async run(): Promise<void> {
    this.#hooks.signal.throwIfAborted();
    if (await this.#isThere()) return;
    await this.#fetch();
    // Another server with the same folder may have been quicker.
    if (!(await this.#isThere())) await this.#verify();
  }

  /**
   * Gives what `run` has brought its name, unless it has it; takes the place of another content.
   * @throws a failure of the file system
   */
  async finish(): Promise<void> {
    if (await this.#isThere()) return;
    await this.#hooks.onVerified();
    await promote(this.#target);
  }

  /** An earlier run may have ended while the files of a split model were given their names. */
  #isThere(): Promise<boolean> {
    return holds(this.#target, this.#file);
  }

  async #fetch(): Promise<void> {
    const part = await PartFile.open(this.#target, this.#file);
    const saving = setInterval(() => void part.save().catch(() => {}), this.#options.saveEveryMs);
    try {
      this.#hooks.onBytes(part.bytes);
      const size = this.#file.size ?? (await this.#sizeOnTheWay(part));
      if (size !== null) await this.#fetchParts(part, size);
    } catch (error) {
      if (!(error instanceof NoRanges)) throw error;
      await this.#retrying(() => this.#fetchWhole(part));
    } finally {
      clearInterval(saving);
      await part.close();
    }
  }

  /** Where nobody told the size, the first answer may; `null` when the file was fetched whole already. */
  async #sizeOnTheWay(part: PartFile): Promise<number | null> {
    let size: number | null = null;
    await this.#retrying(async () => {
      const delivery = await this.#source.request(0, null, this.#hooks.signal);
      size = delivery.size;
      if (delivery.isWhole || size === null) return this.#takeWhole(part, delivery);
      delivery.cancel();
      this.#hooks.onSize(size);
    });
    return part.bytes > 0 ? null : size;
  }

  async #fetchParts(part: PartFile, size: number): Promise<void> {
    const left = part.missing(size, this.#options.partSize).values();
    const { signal } = this.#hooks;
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const worker = async () => {
      try {
        for (const range of left) await this.#fetchPart(part, range, either);
      } catch (error) {
        // The others are of no use any more; theirs is not the reason.
        failed.abort(error);
        throw error;
      }
    };
    const [first] = await Promise.allSettled(Array.from({ length: this.#options.parallel }, worker));
    signal.throwIfAborted();
    if (failed.signal.aborted) throw failed.signal.reason;
    if (first?.status === "rejected") throw first.reason;
  }

  async #fetchPart(part: PartFile, [from, to]: Range, signal: AbortSignal): Promise<void> {
    let at = from;
    await this.#retrying(async () => {
      const delivery = await this.#source.request(at, to, signal);
      if (delivery.isWhole && (at > 0 || (delivery.to ?? Infinity) > to)) {
        delivery.cancel();
        throw this.#wholeInsteadOfPart(part, delivery);
      }
      this.#hasRanges ||= !delivery.isWhole;
      for await (const chunk of delivery.chunks) {
        const bytes = chunk.subarray(0, to - at);
        await part.write(at, bytes);
        at += bytes.length;
        this.#arrived(part);
        if (at >= to) return;
      }
      if (at < to) throw new HttpFailure("the connection ended early");
    }, signal);
  }

  /** A server may know no ranges; an odd answer in between is no reason to lose what is there. */
  #wholeInsteadOfPart(part: PartFile, { size }: Delivery): Error {
    const mayBeTrue = part.bytes === 0 || size === this.#file.size;
    if (!this.#hasRanges && mayBeTrue) return new NoRanges();
    return new HttpFailure("the server sends the whole file instead of a part of it");
  }

  /** In one piece, which can not be continued. */
  async #fetchWhole(part: PartFile): Promise<void> {
    await part.clear();
    await this.#takeWhole(part, await this.#source.request(0, null, this.#hooks.signal));
  }

  async #takeWhole(part: PartFile, { chunks, size }: Delivery): Promise<void> {
    let at = 0;
    for await (const chunk of chunks) {
      await part.write(at, chunk);
      at += chunk.length;
      this.#arrived(part);
    }
    const expected = this.#file.size ?? size;
    if (expected !== null && at !== expected) throw new HttpFailure("the connection ended early");
    if (expected === null) this.#hooks.onSize(at);
  }

  #arrived(part: PartFile): void {
    // A file that has to begin again each time gets nowhere, however much of it arrives.
    if (part.bytes > this.#most) this.#backOff.succeeded();
    this.#most = Math.max(this.#most, part.bytes);
    this.#hooks.onBytes(part.bytes);
  }

  /** Tries again as long as that makes sense. */
  async #retrying(attempt: () => Promise<void>, signal = this.#hooks.signal): Promise<void> {
    for (;;) {
      const round = await this.#backOff.wait(signal);
      try {
        return await attempt();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof HttpFailure)) throw error;
        const delay = this.#backOff.failed(error, round);
        if (delay === null) throw error;
        this.#hooks.onRetry(error.message, delay);
      }
    }
  }

  /** @throws ApiError `download_corrupt`, and then the wrong content is gone */
  async #verify(): Promise<void> {
    const { signal, onVerify } = this.#hooks;
    const path = partPath(this.#target);
    const { size } = await stat(path);
    onVerify(0);
    const { sha256 } = this.#file;
    if (sha256 === null) return this.#verifyModel(path);
    const actual = await sha256OfFile(path, signal, (bytes) => onVerify(bytes / size));
    if (actual !== sha256) await this.#refuse(`its SHA-256 is ${actual}, and should be ${sha256}`);
  }

  /** Without a hash, a whole GGUF file is at least that: its header tells where its last tensor ends. */
  async #verifyModel(path: string): Promise<void> {
    try {
      await readGgufFile(path, basename(this.#target));
    } catch (error) {
      await this.#refuse(error instanceof Error ? error.message : String(error));
    }
  }

  async #refuse(reason: string): Promise<never> {
    await discardPart(this.#target);
    throw downloadCorrupt(this.#file.name, reason);
  }
}
