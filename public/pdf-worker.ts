import { extractText, getDocumentProxy } from "unpdf";

/** What the worker answers to the bytes of a file. */
export type PdfAnswer = { text: string; pages: number } | { error: string };

/**
 * Reads a PDF file off the page's own thread, and behind a policy that lets it reach nothing. It answers to
 * the port that comes along: over the worker's own line the library says things to itself.
 */
self.addEventListener("message", ({ data, ports: [port] }: MessageEvent<unknown>) => {
  if (!port || !(data instanceof Uint8Array)) return;
  read(data).then(
    (answer) => port.postMessage(answer),
    (error: unknown) => port.postMessage({ error: error instanceof Error ? error.message : String(error) }),
  );
});

async function read(bytes: Uint8Array): Promise<PdfAnswer> {
  const document = await getDocumentProxy(bytes, { verbosity: 0 });
  const { totalPages, text } = await extractText(document);
  return { pages: totalPages, text: text.map((page) => page.trim()).join("\n\n") };
}
