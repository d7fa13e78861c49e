import type { DeploymentStatus } from "../../src/schemas/deployment.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";

/** How the page hears from the server. */
export type Link = "connecting" | "live" | "polling" | "away";

export interface LiveView {
  link: Link;
  /** The last that was heard; kept while the server is away. */
  status: StatusAnswer | null;
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
  /** Between two polls while there is no event stream. */
  pollMs?: number;
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
  #view: LiveView = { link: "connecting", status: null, retryAt: null };
  #events: EventStream | null = null;
  #heardAt = 0;
  #reopenAt = 0;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  readonly #options: Required<LiveOptions>;

  constructor(options: LiveOptions) {
    this.#options = { pollMs: 2000, reopenMs: 15_000, silenceMs: 10_000, ...options };
  }

  /** Starts following; also asks at once while it waits for the next try. */
  refresh(): void {
    clearTimeout(this.#timer);
    void this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#closeEvents();
  }

  async #tick(): Promise<void> {
    if (this.#events && this.#view.link === "live" && Date.now() - this.#heardAt > this.#options.silenceMs)
      this.#closeEvents();
    let delay = this.#options.pollMs;
    try {
      const status = await this.#options.fetchStatus();
      this.#failures = 0;
      this.#change({ link: this.#isLive() ? "live" : "polling", status, retryAt: null });
      if (!this.#events && Date.now() >= this.#reopenAt) this.#openEvents();
      if (this.#isLive()) delay = this.#options.silenceMs;
    } catch {
      this.#closeEvents();
      this.#reopenAt = 0;
      delay = retryDelay(++this.#failures, this.#options.pollMs);
      this.#change({ link: "away", retryAt: Date.now() + delay });
    }
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#tick(), delay);
  }

  #isLive(): boolean {
    return this.#events !== null && this.#heardAt > 0;
  }

  #openEvents(): void {
    if (this.#stopped) return;
    const events = this.#options.openEvents();
    this.#events = events;
    this.#reopenAt = Date.now() + this.#options.reopenMs;
    // What happened between the last poll and the opening is in no event.
    events.addEventListener("open", () => this.#ifCurrent(events, () => this.#heard()));
    events.addEventListener("error", () =>
      this.#ifCurrent(events, () => {
        this.#closeEvents();
        this.refresh();
      }),
    );
    events.addEventListener("statistics", ({ data = "" }) =>
      this.#ifCurrent(events, () => this.#heard(JSON.parse(data) as Partial<StatusAnswer>)),
    );
    events.addEventListener("deployment", ({ data = "" }) =>
      this.#ifCurrent(events, () => this.#heard(withDeployment(this.#view.status, JSON.parse(data)))),
    );
  }

  #ifCurrent(events: EventStream, act: () => void): void {
    if (this.#events === events) act();
  }

  #heard(news: Partial<StatusAnswer> = {}): void {
    const first = this.#heardAt === 0;
    this.#heardAt = Date.now();
    const { status } = this.#view;
    this.#change({ link: "live", status: status && { ...status, ...news }, retryAt: null });
    if (first) this.refresh();
  }

  #closeEvents(): void {
    this.#events?.close();
    this.#events = null;
    this.#heardAt = 0;
  }

  #change(change: Partial<LiveView>): void {
    if (this.#stopped) return;
    this.#view = { ...this.#view, ...change };
    this.#options.onChange(this.#view);
  }
}

/** Doubles from `baseMs` up to 15 seconds. */
export const retryDelay = (failures: number, baseMs: number): number =>
  Math.min(15_000, baseMs * 2 ** Math.min(failures - 1, 10));

/** The status after one deployment changed; one that stopped is gone. */
export function withDeployment(
  status: StatusAnswer | null,
  changed: DeploymentStatus,
): Partial<StatusAnswer> {
  if (!status) return {};
  const known = status.models.some((model) => model.model_name === changed.model_name);
  const models = known
    ? status.models.map((model) => (model.model_name === changed.model_name ? changed : model))
    : [...status.models, changed];
  return { models: models.filter((model) => model.state !== "stopped") };
}
