import type { DownloadStatus } from "../../src/schemas/download.ts";
import { formatBytes, formatSeconds } from "./format.ts";

const STATES: Record<DownloadStatus["state"], string> = {
  queued: "Waiting its turn",
  downloading: "Downloading",
  verifying: "Verifying",
  paused: "Paused",
  completed: "Complete",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** Whether something of it is still to come. */
export const isUnderWay = ({ state }: Pick<DownloadStatus, "state">): boolean =>
  state === "queued" || state === "downloading" || state === "verifying";

/** How far it is, in words: `Downloading, 1.2 GiB of 4.4 GiB, 31 MiB/s, 1 min 40 s left`. */
export function downloadText(download: DownloadStatus): string {
  const { state, downloaded_bytes, total_bytes, bytes_per_second, eta_seconds, note } = download;
  const amount =
    total_bytes === null
      ? formatBytes(downloaded_bytes)
      : `${formatBytes(downloaded_bytes)} of ${formatBytes(total_bytes)}`;
  const moving = state === "downloading";
  return [
    STATES[state],
    state === "queued" && downloaded_bytes === 0 ? null : amount,
    moving && bytes_per_second > 0 ? `${formatBytes(bytes_per_second)}/s` : null,
    moving && eta_seconds !== null ? `${formatSeconds(eta_seconds).replace(".0 s", " s")} left` : null,
    note,
  ]
    .filter(Boolean)
    .join(", ");
}
