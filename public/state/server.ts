import { computed, signal } from "@preact/signals";
import type { LogLine } from "../../src/schemas/event.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";
import { call as callWith, type Call, Refusal, send as sendWith } from "../lib/api.ts";
import { isUsable } from "../lib/deployment.ts";
import { FetchedEvents } from "../lib/event-source.ts";
import { History } from "../lib/history.ts";
import { Live, type LiveView } from "../lib/live.ts";
import { stored } from "./stored.ts";

/** The API key, kept in this browser and nowhere else. */
export const apiKey = stored<string | null>("api-key", null);

/** Whether the server has asked for a key that it did not get. */
export const keyWanted = signal(false);

/** What the server told last, and how it is heard. */
export const view = signal<LiveView>({ link: "connecting", status: null, statistics: null, retryAt: null });

export const status = computed(() => view.value.status);
export const models = computed(() => status.value?.models ?? []);
export const usableModels = computed(() => models.value.filter(isUsable));

/** Counts up when the server answers again; what was asked for in vain meanwhile is asked for once more. */
export const comebacks = signal(0);

/** The newest lines of the server's log, oldest first. */
export const logLines = signal<readonly (LogLine & { id: number })[]>([]);
const LOG_LINES = 1000;

/** What the statistics of the last minutes were, for the charts. */
export const history = new History();
/** Counts up with every entry of `history`. */
export const historyTick = signal(0);

/** `send` of the API with the key. @throws as that does; 401 also asks the person for a key */
export async function send(path: string, options: Call = {}): Promise<Response> {
  try {
    return await sendWith(path, { ...options, key: apiKey.value });
  } catch (error) {
    if (isLocked(error)) keyWanted.value = true;
    throw error;
  }
}

/** `call` of the API with the key. @throws as `send` */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  try {
    return await callWith<T>(path, { ...options, key: apiKey.value });
  } catch (error) {
    if (isLocked(error)) keyWanted.value = true;
    throw error;
  }
}

const isLocked = (error: unknown): boolean => error instanceof Refusal && error.status === 401;

const isOut = ({ link }: LiveView): boolean => link === "away" || link === "locked";

let lines = 0;

const live = new Live({
  fetchStatus: () => call<StatusAnswer>("/status", { signal: AbortSignal.timeout(10_000) }),
  openEvents: () => new FetchedEvents((signal) => send("/events", { signal })),
  isLocked,
  onChange(next) {
    const { statistics } = next;
    if (statistics && statistics !== view.value.statistics) {
      history.add(statistics, next.status);
      historyTick.value++;
    }
    const wasOut = isOut(view.value);
    view.value = next;
    if (wasOut && !isOut(next)) comebacks.value++;
  },
  onLog(line) {
    logLines.value = [...logLines.value.slice(1 - LOG_LINES), { ...line, id: ++lines }];
  },
});

/** Asks the server now instead of at the next turn; the first call starts following it. */
export const refresh = (): void => live.refresh();

/** Takes a key that a person gave, and tries again with it. */
export function useKey(key: string | null): void {
  apiKey.value = key;
  keyWanted.value = false;
  refresh();
}
