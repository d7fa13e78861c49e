import pino from "pino";
import type { Config } from "../../src/config/config.ts";
import { hubCacheDirectory, hubToken } from "../../src/hub/hub-token.ts";
import { ModelLibrary } from "../../src/hub/model-library.ts";
import type { Log } from "../../src/log.ts";
import { Downloads } from "../../src/services/downloads.ts";
import { EventBus } from "../../src/services/events.ts";
import { ModelFiles } from "../../src/services/model-files.ts";

interface Parts {
  events?: EventBus;
  log?: Log;
  freeSpace?: ((directory: string) => Promise<number | null>) | undefined;
}

/** What finds and fetches models, as the program builds it, but without anything of the environment. */
export function testModels(
  config: Config,
  { events = new EventBus(), log = pino({ level: "silent" }), freeSpace }: Parts = {},
) {
  const token = () => hubToken(config.hubHome, {});
  const options = { partSize: 64 * 1024, retryDelayMs: 5, saveEveryMs: 20 };
  const downloads = new Downloads({ config, events, log, token, options, ...(freeSpace && { freeSpace }) });
  const library = new ModelLibrary({ ...config, cacheDir: hubCacheDirectory(config.hubHome, {}) });
  const files = new ModelFiles({ config, library, downloads, token });
  return { library, downloads, files, token };
}
