import { decodeText, isPdf, LARGEST_FILE_BYTES } from "../lib/attachments.ts";
import type { Attachment } from "../lib/conversation.ts";
import type { PdfAnswer } from "../pdf-worker.ts";

/** What turns the address of our own worker into one that the browser lets a page start; no other passes. */
let policy: { createScriptURL(url: string): string } | undefined;

/**
 * Reads a file as text to attach.
 * @throws Error that says why it can not be attached
 */
export async function readFile(file: File): Promise<Attachment> {
  if (file.size > LARGEST_FILE_BYTES) throw new Error(`${file.name} is larger than 20 MB.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = isPdf(bytes) ? await readPdf(file.name, bytes) : decodeText(bytes);
  if (text === null)
    throw new Error(
      `${file.name} is not text. Text files and PDF files with text can be attached; pictures can not be read yet.`,
    );
  if (text.trim() === "") throw new Error(`${file.name} holds no text.`);
  return { name: file.name, size: text.length, text };
}

async function readPdf(name: string, bytes: Uint8Array): Promise<string> {
  policy ??= trustedTypes()?.createPolicy("worker", {
    createScriptURL(url) {
      if (url !== import.meta.env.PDF_WORKER)
        throw new TypeError("Only the page's own worker may be started");
      return url;
    },
  }) ?? { createScriptURL: (url) => url };
  const worker = new Worker(policy.createScriptURL(import.meta.env.PDF_WORKER), { type: "module" });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<PdfAnswer>();
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", ({ data }: MessageEvent<PdfAnswer>) => resolve(data));
    port1.start();
    worker.addEventListener("error", () => reject(new Error("the reader could not be started")));
    worker.postMessage(bytes, [bytes.buffer, port2]);
    const answer = await promise;
    if ("error" in answer) throw new Error(answer.error);
    return answer.text;
  } catch (error) {
    throw new Error(`${name} can not be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  } finally {
    worker.terminate();
  }
}

interface PolicyFactory {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

/** Not every browser has them, and the compiler's DOM types do not know them. */
const trustedTypes = () => (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
