import type { DownloadStatus } from "../schemas/download.ts";
import type { Download } from "./download.ts";

/** `download` with the newest status after each change, until it is over or has failed, or `signal` aborts. */
export async function* watchDownload(
  download: Download,
  signal: AbortSignal,
): AsyncGenerator<{ event: "download"; data: DownloadStatus }, void> {
  let news = Promise.withResolvers<void>();
  const wake = () => news.resolve();
  const end = download.watch(wake);
  signal.addEventListener("abort", wake, { once: true });
  try {
    while (!signal.aborted) {
      news = Promise.withResolvers();
      yield { event: "download", data: download.status() };
      if (download.over || download.state === "failed") return;
      await news.promise;
    }
  } finally {
    end();
    signal.removeEventListener("abort", wake);
  }
}
