import { signal } from "@preact/signals";
import type { DeployAnswer, DeployRequest } from "../../src/schemas/deployment.ts";
import type { DiskModel, DiskModelList, RemoveModelAnswer } from "../../src/schemas/disk-model.ts";
import type { DownloadList, DownloadStatus, PullAnswer } from "../../src/schemas/download.ts";
import { explain } from "../lib/api.ts";
import { type DeployDraft, EMPTY_DRAFT } from "../lib/deploy-form.ts";
import { isUnderWay } from "../lib/download.ts";
import { formatBytes } from "../lib/format.ts";
import { notify } from "./notices.ts";
import { call, refresh } from "./server.ts";

/** What lies on this machine; `null` until it was asked for. */
export const diskModels = signal<DiskModel[] | null>(null);

export const downloads = signal<DownloadStatus[]>([]);

/** What the form for a deployment holds; other parts of the page fill it, too. */
export const draft = signal<DeployDraft>(EMPTY_DRAFT);

const WATCH_MS = 1000;
/** While nothing is on its way; another client may begin something. */
const IDLE_MS = 5000;

let timer: ReturnType<typeof setTimeout> | undefined;
let watchers = 0;

/** Follows downloads and files until the function that comes back is called. */
export function watchModels(): () => void {
  watchers++;
  void look();
  return () => {
    watchers--;
    if (watchers === 0) clearTimeout(timer);
  };
}

/** Looks now, and from then on as often as there is something to see. */
async function look(): Promise<void> {
  clearTimeout(timer);
  const before = completed();
  await readDownloads();
  const hasMore = [...completed()].some((id) => !before.has(id));
  if (diskModels.value === null || hasMore) await readDiskModels();
  clearTimeout(timer);
  const isBusy = downloads.value.some(isUnderWay);
  if (watchers > 0) timer = setTimeout(() => void look(), isBusy ? WATCH_MS : IDLE_MS);
}

/** Of those that have put a file here; a quick one may never have been seen under way. */
const completed = () =>
  new Set(downloads.value.filter(({ state }) => state === "completed").map(({ id }) => id));

async function readDownloads(): Promise<void> {
  try {
    downloads.value = (await call<DownloadList>("/downloads")).downloads;
  } catch {
    // Away: what was last known stays, and the banner tells.
  }
}

export async function readDiskModels(): Promise<void> {
  try {
    diskModels.value = (await call<DiskModelList>("/models")).models;
  } catch {
    // As above.
  }
}

/** Deploys, and says what came of it. @returns whether it was taken */
export async function deploy(request: DeployRequest): Promise<boolean> {
  const answer = await attempt(() => call<DeployAnswer>("/deploy", { method: "POST", body: request }));
  if (answer) notify([answer.message, ...(answer.warnings ?? [])].join(" "));
  refresh();
  await look();
  return answer !== null;
}

/** Fetches a model to this machine, without deploying it. */
export async function pull(name: string): Promise<void> {
  const body = { model: name };
  const answer = await attempt(() => call<PullAnswer>("/models/pull", { method: "POST", body }));
  if (answer) notify(answer.message);
  await look();
}

export async function pauseDownload(id: string): Promise<void> {
  await attempt(() => call(`/downloads/${id}/pause`, { method: "POST" }));
  await look();
}

export async function resumeDownload(id: string): Promise<void> {
  await attempt(() => call(`/downloads/${id}/resume`, { method: "POST" }));
  await look();
}

/** Ends a download, or takes one that is over from the list. @param discard whether what arrived goes, too */
export async function cancelDownload(id: string, discard: boolean): Promise<void> {
  await attempt(() => call(`/downloads/${id}${discard ? "?discard=true" : ""}`, { method: "DELETE" }));
  await look();
}

export async function removeModel(id: string): Promise<void> {
  const path = `/models/${encodeURIComponent(id)}`;
  const answer = await attempt(() => call<RemoveModelAnswer>(path, { method: "DELETE" }));
  if (answer) notify(`${answer.message}; ${formatBytes(answer.freed_bytes)} of the disk are free again.`);
  await readDiskModels();
}

/** @returns `null` after a failure, which was told */
async function attempt<T>(what: () => Promise<T>): Promise<T | null> {
  try {
    return await what();
  } catch (error) {
    notify(explain(error), "error");
    return null;
  }
}
