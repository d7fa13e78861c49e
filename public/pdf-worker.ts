import { extractText, getDocumentProxy } from "unpdf";

/** What the worker answers to the bytes of a file. */
export type PdfAnswer = { text: string; pages: number } | { error: string };

/** Reads a PDF file off the page's own thread, and behind a policy that lets it reach nothing. */
self.addEventListener("message", ({ data }: MessageEvent<Uint8Array>) => {
  read(data).then(
    (answer) => postMessage(answer),
    (error: unknown) => postMessage({ error: error instanceof Error ? error.message : String(error) }),
  );
});

async function read(bytes: Uint8Array): Promise<PdfAnswer> {
  const document = await getDocumentProxy(bytes);
  const { totalPages, text } = await extractText(document);
  return { pages: totalPages, text: text.map((page) => page.trim()).join("\n\n") };
}
