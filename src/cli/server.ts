import { mkdir } from "node:fs/promises";
import type { Database } from "bun:sqlite";
import { createApp } from "../app.ts";
import type { Config } from "../config/config.ts";
import { LlamaEngine } from "../engine/process.ts";
import { WebPage } from "../http/web.ts";
import { hubCacheDirectory, hubToken } from "../hub/hub-token.ts";
import { ModelLibrary } from "../hub/model-library.ts";
import { createLog, type Log } from "../log.ts";
import { Advisor } from "../services/advisor.ts";
import { ChatService } from "../services/chat.ts";
import { CompletionService } from "../services/completions.ts";
import { Downloads } from "../services/downloads.ts";
import { EventBus } from "../services/events.ts";
import { HubSearch } from "../services/hub-search.ts";
import { Inventory } from "../services/inventory.ts";
import { ModelFiles } from "../services/model-files.ts";
import { ModelManager } from "../services/model-manager.ts";
import { OnDemandModels } from "../services/on-demand.ts";
import { QueryService } from "../services/query.ts";
import { RequestRegistry } from "../services/requests.ts";
import { openDatabase } from "../store/database.ts";
import { DeploymentStore } from "../store/deployment-store.ts";
import { TuningStore } from "../store/tuning-store.ts";
import { hasGpuEngine } from "../engine/worker/device-probe.ts";
import { measureRamBandwidth } from "../system/bandwidth.ts";
import { usableCpus } from "../system/cpus.ts";
import { SystemProbe } from "../system/probe.ts";
import { VERSION } from "../version.ts";
import { HomeLock } from "./home-lock.ts";

/** How long answers that are complete may take to reach their clients, and open event streams to end. */
const FLUSH_MS = 1000;

/** Longer than a server takes for the rest of its end: its engines, downloads and files. */
const ENDING_MS = 10_000;

/** The whole server: built, listening, and stopped again. */
export class BerthServer {
  readonly log: Log;
  readonly manager: ModelManager;
  /** Where it really listens. */
  readonly port: number;
  readonly #server: Bun.Server<unknown>;
  readonly #database: Database;
  readonly #lock: HomeLock;
  readonly #downloads: Downloads;
  #stopping = false;

  private constructor(parts: {
    log: Log;
    manager: ModelManager;
    downloads: Downloads;
    server: Bun.Server<unknown>;
    database: Database;
    lock: HomeLock;
  }) {
    this.log = parts.log;
    this.manager = parts.manager;
    this.port = parts.server.port ?? 0;
    this.#server = parts.server;
    this.#database = parts.database;
    this.#lock = parts.lock;
    this.#downloads = parts.downloads;
  }

  /**
   * Wires everything together and listens; no model is deployed yet.
   * @throws what Bun throws when the address can not be listened on, e.g. with the code `EADDRINUSE`
   */
  static async start(config: Config): Promise<BerthServer> {
    const events = new EventBus();
    const log = createLog(config, { events });
    const lock = new HomeLock(config.home);
    const system = new SystemProbe(config.modelsDir);
    system.warmUp();
    const database = openDatabase(config.home, log);
    const token = () => hubToken(config.hubHome);
    const downloads = new Downloads({ config, events, log, token, kept: () => lock.isOurs });
    const cacheDir = hubCacheDirectory(config.hubHome);
    const library = new ModelLibrary({ ...config, cacheDir });
    const files = new ModelFiles({ config, library, downloads, token });
    const engine = new LlamaEngine({ watchdog: config.watchdog });
    const threads = Math.min(usableCpus(), config.threads ?? Infinity);
    const memoryBudget = (mapped: number) => system.availableMemory(mapped);
    const manager: ModelManager = new ModelManager({
      engine,
      config,
      events,
      log,
      files,
      memoryBudget,
      threads,
      judge: (...load) => advisor.judge(...load),
      tuning: new TuningStore({ database, log }),
      store: lock.guarded(new DeploymentStore({ database, log })),
    });
    const ramBandwidth = lazily(() => measureRamBandwidth(threads));
    const gpuUsable = lazily(hasGpuEngine);
    const advisor = new Advisor({
      engine,
      files,
      manager,
      system,
      memoryBudget,
      ramBandwidth,
      gpuUsable,
      config,
      threads,
    });
    const models = new OnDemandModels({ manager, events, config });
    const requests = new RequestRegistry({ models, log });
    const app = createApp({
      advisor,
      config,
      log,
      events,
      manager,
      models,
      files,
      inventory: new Inventory({ config, library, manager, downloads }),
      downloads,
      hub: new HubSearch({ config, library, system, gpuUsable, token }),
      requests,
      chat: new ChatService({ requests }),
      completions: new CompletionService({ requests }),
      query: new QueryService({ requests }),
      system,
      web: await WebPage.build(),
      version: VERSION,
    });
    // Requests may come as soon as it listens.
    if (config.restore) manager.expectRestore();
    try {
      const { server } = app.listen({ hostname: config.host, port: config.port });
      if (!server) throw new Error("The server does not listen");
      // For whoever is told to put a file there; downloads make it themselves.
      await mkdir(config.modelsDir, { recursive: true }).catch(() => {});
      if (lock.isOurs) await downloads.restore();
      else
        takeOver({ config, log, lock, downloads, manager }).catch((error: unknown) =>
          log.error({ err: error }, "not all goes on that the other server had"),
        );
      return new BerthServer({ log, manager, downloads, server, database, lock });
    } catch (error) {
      database.close();
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether `stop` was called. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * Takes no new connection, answers new requests with 503, lets those under way finish for `graceMs`,
   * then cuts what is left. Resolves when no engine process is left.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const idle = this.#server.stop();
    await this.#downloads.close();
    await this.manager.close(graceMs);
    const timer = Promise.withResolvers<void>();
    setTimeout(timer.resolve, FLUSH_MS).unref();
    await Promise.race([idle, timer.promise]);
    await this.#server.stop(true);
    this.#database.close();
    this.#lock[Symbol.dispose]();
  }
}

interface Heir {
  config: Config;
  log: Log;
  lock: HomeLock;
  downloads: Downloads;
  manager: ModelManager;
}

/** Goes on with what another server of the same home has, when that is about to end; else leaves it alone. */
async function takeOver({ config, log, lock, downloads, manager }: Heir): Promise<void> {
  const { home, graceMs } = config;
  log.warn(
    { home },
    "another server has this home: unless it is about to end, what it deployed and downloads stays with it, and what is deployed here is not remembered",
  );
  if (!(await lock.whenOurs(graceMs + FLUSH_MS + ENDING_MS))) return;
  log.info({ home }, "the other server has ended: its deployments and downloads go on here");
  await downloads.restore();
  if (config.restore) await manager.restore();
}

/** Worked out when it is first wanted. */
function lazily<T>(work: () => T): () => T {
  let known: { value: T } | undefined;
  return () => (known ??= { value: work() }).value;
}
