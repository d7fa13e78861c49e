import { Elysia } from "elysia";
import { errorHandler } from "./http/errors.ts";
import { frontDoor } from "./http/front-door.ts";
import { limitNesting } from "./http/nesting.ts";
import { openApi } from "./http/openapi.ts";
import { chatRoutes } from "./http/routes/chat.ts";
import { completionRoutes } from "./http/routes/completions.ts";
import { configRoutes } from "./http/routes/config.ts";
import { deploymentRoutes } from "./http/routes/deployment.ts";
import { downloadRoutes } from "./http/routes/downloads.ts";
import { estimateRoutes } from "./http/routes/estimate.ts";
import { eventRoutes } from "./http/routes/events.ts";
import { healthRoutes } from "./http/routes/health.ts";
import { hubRoutes } from "./http/routes/hub.ts";
import { modelRoutes } from "./http/routes/models.ts";
import { queryRoutes } from "./http/routes/query.ts";
import { recommendationRoutes } from "./http/routes/recommendations.ts";
import { requestRoutes } from "./http/routes/requests.ts";
import { rootRoutes } from "./http/routes/root.ts";
import { tokenizeRoutes } from "./http/routes/tokenize.ts";
import type { Services } from "./http/services.ts";

/** The routes with their types, for a client that is checked against them. */
export type App = ReturnType<typeof createApp>;

/** The whole HTTP interface. It reads no environment and listens to nothing. */
export function createApp(services: Services) {
  const { config, log, version } = services;
  const app = new Elysia({
    // The default reshapes a body before it is checked: a string where a list belongs becomes a list
    // of empty objects. So every request schema says itself that unknown fields are let through.
    normalize: false,
    // One way in for every request: Bun's own router would go round the front door.
    systemRouter: false,
    // Elysia looks for the path behind the 11th character, and so misses it after a short Host.
    handler: { standardHostname: false },
    serve: {
      development: false,
      // Prompts and generations are silent for as long as they take; `http/sse.ts` pings.
      idleTimeout: 0,
      // A second server on the same port has to fail, not to share its requests.
      reusePort: false,
      // Our own limit answers in the envelope; Bun's would come before it, with an empty body.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    },
  });
  const router = () => app.router;
  // Elysia keeps `wrap` for itself and its plugins, yet nothing else sees every answer: its hooks miss
  // HEAD and whatever the other hooks throw.
  return app
    .wrap(frontDoor({ config, log, router }))
    .use(errorHandler(router))
    .onTransform(({ body }) => limitNesting(body))
    .use(openApi(version, () => app))
    .use(rootRoutes(services))
    .use(healthRoutes(services))
    .use(deploymentRoutes(services))
    .use(queryRoutes(services))
    .use(chatRoutes(services))
    .use(completionRoutes(services))
    .use(estimateRoutes(services))
    .use(recommendationRoutes(services))
    .use(modelRoutes(services))
    .use(downloadRoutes(services))
    .use(hubRoutes(services))
    .use(tokenizeRoutes(services))
    .use(requestRoutes(services))
    .use(eventRoutes(services))
    .use(configRoutes(services))
    .use(services.web.routes());
}
