import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";
import type { Advisor } from "../services/advisor.ts";
import type { ChatService } from "../services/chat.ts";
import type { CompletionService } from "../services/completions.ts";
import type { Downloads } from "../services/downloads.ts";
import type { EventBus } from "../services/events.ts";
import type { HubSearch } from "../services/hub-search.ts";
import type { Inventory } from "../services/inventory.ts";
import type { ModelFiles } from "../services/model-files.ts";
import type { ModelManager } from "../services/model-manager.ts";
import type { OnDemandModels } from "../services/on-demand.ts";
import type { QueryService } from "../services/query.ts";
import type { RequestRegistry } from "../services/requests.ts";
import type { SystemReader } from "../services/status.ts";
import type { WebPage } from "./web.ts";

/** Everything the routes use; built in `cli/server.ts`, and in tests around a fake engine. */
export interface Services {
  advisor: Advisor;
  config: Config;
  log: Log;
  events: EventBus;
  manager: ModelManager;
  models: OnDemandModels;
  files: ModelFiles;
  inventory: Inventory;
  downloads: Downloads;
  hub: HubSearch;
  requests: RequestRegistry;
  chat: ChatService;
  completions: CompletionService;
  query: QueryService;
  system: SystemReader;
  web: WebPage;
  /** Of Berth, as package.json has it. */
  version: string;
}
