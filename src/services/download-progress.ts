import type { DownloadStatus } from "../schemas/download.ts";
import { RateMeter } from "./rate-meter.ts";

/** How much of a model's files is there, and how fast more arrives. */
export class DownloadProgress {
  readonly #rate = new RateMeter();
  /** Bytes that are there, by file. */
  readonly #done: number[];
  /** By file; `null` until a size is known. */
  readonly #sizes: (number | null)[];

  constructor(files: readonly { size: number | null }[]) {
    this.#done = files.map(() => 0);
    this.#sizes = files.map(({ size }) => size);
  }

  /** In bytes; `null` until the size of every file is known. */
  get total(): number | null {
    return this.#sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0);
  }

  get downloaded(): number {
    return this.#done.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Bytes still to come; `null` when the size is not known. */
  get left(): number | null {
    const { total } = this;
    return total === null ? null : total - this.downloaded;
  }

  /** From 0 to 1; `null` when the size is not known. */
  get fraction(): number | null {
    const { total } = this;
    return total === null || total === 0 ? null : Math.min(1, this.downloaded / total);
  }

  size(file: number): number | null {
    return this.#sizes[file] ?? null;
  }

  setSize(file: number, bytes: number): void {
    this.#sizes[file] = bytes;
  }

  /** What was there before anything arrived. */
  found(file: number, bytes: number): void {
    this.#done[file] = bytes;
  }

  /** So many bytes of a file are there now. */
  arrived(file: number, bytes: number): void {
    this.#rate.add(Math.max(0, bytes - (this.#done[file] ?? 0)));
    this.#done[file] = bytes;
  }

  /** As the API has it; nothing moves unless `isMoving`. */
  figures(
    isMoving: boolean,
  ): Pick<DownloadStatus, "total_bytes" | "downloaded_bytes" | "bytes_per_second" | "eta_seconds"> {
    const rate = isMoving ? this.#rate.rate() : 0;
    const { total, downloaded, left } = this;
    return {
      total_bytes: total,
      downloaded_bytes: downloaded,
      bytes_per_second: Math.round(rate),
      eta_seconds: left === null || rate === 0 ? null : Math.ceil(left / rate),
    };
  }
}
