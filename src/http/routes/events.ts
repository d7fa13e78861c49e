import { Elysia } from "elysia";
import type { Services } from "../services.ts";
import { EventData } from "../../schemas/event.ts";
import { StatisticsTicker } from "../../services/statistics.ts";
import { EventFeed } from "../event-feed.ts";
import { answers } from "../openapi.ts";
import { type NamedEvent, sseNamed } from "../sse.ts";

/** `GET /events`: what the page and operators watch. */
export const eventRoutes = ({
  events,
  manager,
  downloads,
  system,
  requests,
  log,
}: Pick<Services, "events" | "manager" | "downloads" | "system" | "requests" | "log">) => {
  const ticker = new StatisticsTicker({
    manager,
    system,
    requests,
    onError: (error) => log.warn({ err: error }, "statistics could not be taken"),
  });

  async function* watch(signal: AbortSignal): AsyncGenerator<NamedEvent> {
    const feed = new EventFeed();
    const ends = [
      events.on((...event) => feed.add(...event)),
      ticker.subscribe((statistics) => feed.statistics(statistics)),
    ];
    const close = () => feed.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      yield { event: "snapshot", data: { models: manager.list(), downloads: downloads.list() } };
      yield* feed.read();
    } finally {
      signal.removeEventListener("abort", close);
      for (const end of ends) end();
    }
  }

  return new Elysia({ name: "events" }).get(
    "/events",
    async ({ request }) => sseNamed(watch(request.signal), request),
    {
      detail: {
        summary: "Deployments, downloads, statistics and log lines as they happen",
        description:
          "Server-sent events: `snapshot` with every deployment and download first, then `deployment` and `download` on each change, `stats` every second, `log` for each line, and `dropped` where the client read too slowly for the log.",
        tags: ["Operation"],
        operationId: "watchEvents",
        responses: answers({ stream: EventData }),
      },
    },
  );
};
