import { formatBytes } from "../../formats/quantity.ts";
import type { DownloadStatus } from "../../schemas/download.ts";
import { table } from "./table.ts";

/** Downloads with how far each is. */
export function downloadTable(downloads: readonly DownloadStatus[]): string {
  return table(["DOWNLOAD", "SIZE", "STATE"], downloads.map(row));
}

function row({ model_name, total_bytes, downloaded_bytes, state, progress }: DownloadStatus): string[] {
  const done = progress === null ? formatBytes(downloaded_bytes) : `${Math.floor(progress * 100)} %`;
  return [model_name, total_bytes === null ? "–" : formatBytes(total_bytes), `${state} ${done}`];
}
