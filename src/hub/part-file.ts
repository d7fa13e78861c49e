import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Range, RangeSet } from "./range-set.ts";

/** Tells a content from others, so that a part is never continued with another one. */
export interface ContentIdentity {
  size: number | null;
  sha256: string | null;
  etag: string | null;
}

interface PartState extends ContentIdentity {
  done: Range[];
}

/** Of a file that is being downloaded. */
export const partPath = (target: string) => `${target}.part`;

const statePath = (target: string) => `${target}.part.json`;

/**
 * A file on its way: `<target>.part`, and beside it what of it is there. Bytes are on the disk before
 * they are noted as there, so that a part can be continued whatever ended the program or the machine.
 */
export class PartFile {
  readonly target: string;
  readonly #identity: ContentIdentity;
  readonly #file: FileHandle;
  readonly #done: RangeSet;
  #saving: Promise<void> = Promise.resolve();

  private constructor(target: string, identity: ContentIdentity, file: FileHandle, done: RangeSet) {
    this.target = target;
    this.#identity = identity;
    this.#file = file;
    this.#done = done;
  }

  /** Continues what is there of this content, or begins anew. */
  static async open(target: string, identity: ContentIdentity): Promise<PartFile> {
    const done = await doneOf(target, identity);
    // Just before, for a folder that is empty may be removed.
    await mkdir(dirname(target), { recursive: true });
    const file = await open(partPath(target), done.bytes > 0 ? "r+" : "w+");
    return new PartFile(target, identity, file, done);
  }

  /** How many bytes are there. */
  get bytes(): number {
    return this.#done.bytes;
  }

  /** What is missing, in pieces of at most `step` bytes. */
  missing(size: number, step: number): Range[] {
    return [...this.#done.missing(size, step)];
  }

  async write(at: number, bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, from, bytes.length - from, at + from);
      from += bytesWritten;
    }
    this.#done.add(at, at + bytes.length);
  }

  /** Forgets every byte. */
  async clear(): Promise<void> {
    this.#done.clear();
    await this.#file.truncate(0);
  }

  /** Makes what is there last, and notes it. */
  save(): Promise<void> {
    this.#saving = this.#saving.catch(() => {}).then(() => this.#save());
    return this.#saving;
  }

  /** Saves and lets go of it. */
  async close(): Promise<void> {
    try {
      await this.save();
    } finally {
      await this.#file.close();
    }
  }

  async #save(): Promise<void> {
    const { size, sha256, etag } = this.#identity;
    const state: PartState = { size, sha256, etag, done: this.#done.toJSON() };
    await this.#file.datasync();
    await writeWhole(statePath(this.target), JSON.stringify(state));
  }
}

/** Gives a part that is complete its name. */
export async function promote(target: string): Promise<void> {
  await rename(partPath(target), target);
  await rm(statePath(target), { force: true });
}

/** Removes what there is of a file that is not complete. */
export async function discardPart(target: string): Promise<void> {
  await rm(partPath(target), { force: true });
  await rm(statePath(target), { force: true });
}

/** Bytes that are there of a file that is not complete. */
export async function partialBytes(target: string, identity: ContentIdentity): Promise<number> {
  return (await doneOf(target, identity)).bytes;
}

/** Replaces a file in one step, so that nobody ever reads half of it. */
export async function writeWhole(path: string, text: string, mode = 0o644): Promise<void> {
  const next = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}`);
  try {
    const file = await open(next, "wx", mode);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true }).catch(() => {});
    throw error;
  }
}

async function doneOf(target: string, identity: ContentIdentity): Promise<RangeSet> {
  try {
    const state = (await Bun.file(statePath(target)).json()) as PartState;
    const done = new RangeSet(state.done);
    const { size } = await stat(partPath(target));
    if (isSame(state, identity) && size >= done.end) return done;
  } catch {
    // No part, or one that nobody can tell the state of.
  }
  return new RangeSet();
}

/** Equal sizes alone say nothing. */
function isSame(a: ContentIdentity, b: ContentIdentity): boolean {
  if (a.size !== b.size) return false;
  return a.sha256 !== null || b.sha256 !== null
    ? a.sha256 === b.sha256
    : a.etag !== null && a.etag === b.etag;
}
