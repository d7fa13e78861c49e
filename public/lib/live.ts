import type { LogLine, Statistics } from "../../src/schemas/event.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";
import { needsStatus, withDeployment, withModels, withStatistics } from "./status-changes.ts";

/** How the page hears from the server. */
/** `locked`: the server answers, and wants an API key. */
export type Link = "connecting" | "live" | "polling" | "away" | "locked";

export interface LiveView {
  link: Link;
  /** The last that was heard; kept while the server is away. */
  status: StatusAnswer | null;
  /** Comes with the event stream only. */
  statistics: Statistics | null;
  /** Unix time in milliseconds of the next try while the server is away. */
  retryAt: number | null;
}

/** What `Live` needs of an `EventSource`. */
export interface EventStream {
  addEventListener(name: string, listener: (event: { data?: string }) => void): void;
  close(): void;
}

export interface LiveOptions {
  fetchStatus(): Promise<StatusAnswer>;
  openEvents(): EventStream;
  onChange(view: LiveView): void;
  /** Every line of the server's log that comes along. */
  onLog?(line: LogLine): void;
  /** Whether a failure of `fetchStatus` means that a key is missing or wrong: then only `refresh` asks again. */
  isLocked?(error: unknown): boolean;
  /** Between two polls while there is no event stream. */
  pollMs?: number;
  /** Between two polls beside a healthy event stream, which does not tell of disk and GPU. */
  idleMs?: number;
  /** Before the event stream is tried again once it failed. */
  reopenMs?: number;
  /** Statistics come every second, so a stream silent for this long is dead. */
  silenceMs?: number;
}

/**
 * Follows the server: by `GET /events`, by polling `GET /status` where no event stream gets through (some
 * proxies hold it back), and by trying again, ever more slowly, while the server is away.
 */
export class Live {
  #view: LiveView = { link: "connecting", status: null, statistics: null, retryAt: null };
  #events: EventStream | null = null;
  /** Unix time in milliseconds of the last event; 0 before the first one of this stream. */
  #heardAt = 0;
  #reopenAt = 0;
  #failures = 0;
  #asking = false;
  #askAgain = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  readonly #options: Required<LiveOptions>;

  constructor(options: LiveOptions) {
    this.#options = {
      pollMs: 2000,
      idleMs: 5000,
      reopenMs: 15_000,
      silenceMs: 10_000,
      onLog: () => {},
      isLocked: () => false,
      ...options,
    };
  }

  /** Starts following; later asks at once instead of at the next turn. */
  refresh(): void {
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#closeEvents();
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    if (this.#isLive() && Date.now() - this.#heardAt > this.#options.silenceMs) this.#closeEvents();
    let delay: number | null;
    try {
      const status = await this.#options.fetchStatus();
      this.#failures = 0;
      if (!this.#events && Date.now() >= this.#reopenAt) this.#openEvents();
      this.#change({ link: this.#isLive() ? "live" : "polling", status, retryAt: null });
      delay = this.#isLive() ? this.#options.idleMs : this.#options.pollMs;
    } catch (error) {
      this.#closeEvents();
      // Whoever comes back may well stream again.
      this.#reopenAt = 0;
      if (this.#options.isLocked(error)) {
        delay = null;
        this.#change({ link: "locked", retryAt: null });
      } else {
        delay = retryDelay(++this.#failures, this.#options.pollMs);
        this.#change({ link: "away", retryAt: Date.now() + delay });
      }
    }
    this.#asking = false;
    if (this.#stopped) return;
    if (this.#askAgain) delay = 0;
    this.#askAgain = false;
    if (delay === null) return;
    this.#timer = setTimeout(() => this.refresh(), delay);
  }

  #isLive(): boolean {
    return this.#events !== null && this.#heardAt > 0;
  }

  #openEvents(): void {
    if (this.#stopped) return;
    const events = this.#options.openEvents();
    this.#events = events;
    this.#reopenAt = Date.now() + this.#options.reopenMs;
    const on = <T>(name: string, hear: (data: T) => Partial<LiveView>) =>
      events.addEventListener(name, ({ data = "" }) => {
        if (this.#events === events) this.#heard(hear(JSON.parse(data) as T));
      });
    on("snapshot", ({ models }: Pick<StatusAnswer, "models">) => ({
      status: withModels(this.#view.status, models),
    }));
    on("deployment", (deployment: StatusAnswer["models"][number]) => {
      // Which model is the current one, only the server knows.
      this.refresh();
      return { status: withDeployment(this.#view.status, deployment) };
    });
    on("stats", (statistics: Statistics) => {
      if (needsStatus(this.#view.status, statistics)) this.refresh();
      return { statistics, status: withStatistics(this.#view.status, statistics) };
    });
    on("log", (line: LogLine) => {
      this.#options.onLog(line);
      return {};
    });
    events.addEventListener("error", () => {
      if (this.#events !== events) return;
      this.#closeEvents();
      this.refresh();
    });
  }

  #heard(news: Partial<LiveView>): void {
    this.#heardAt = Date.now();
    this.#change({ ...news, link: "live", retryAt: null });
  }

  #closeEvents(): void {
    this.#events?.close();
    this.#events = null;
    this.#heardAt = 0;
    this.#view = { ...this.#view, statistics: null };
  }

  #change(change: Partial<LiveView>): void {
    if (this.#stopped) return;
    this.#view = { ...this.#view, ...change };
    this.#options.onChange(this.#view);
  }
}

/** Doubles with every failure, from `baseMs` up to 15 seconds. */
export const retryDelay = (failures: number, baseMs: number): number =>
  Math.min(15_000, baseMs * 2 ** Math.min(failures - 1, 10));
