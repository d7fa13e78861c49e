import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import pino from "pino";
import { createApp } from "../../src/app.ts";
import type { Services } from "../../src/http/services.ts";
import type { Config } from "../../src/config/config.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { LlamaEngine } from "../../src/engine/process.ts";
import { WebPage } from "../../src/http/web.ts";
import type { DeployRequest } from "../../src/schemas/deployment.ts";
import type { SystemStatus } from "../../src/schemas/system.ts";
import { Advisor } from "../../src/services/advisor.ts";
import { ChatService } from "../../src/services/chat.ts";
import { CompletionService } from "../../src/services/completions.ts";
import { EventBus } from "../../src/services/events.ts";
import { Inventory } from "../../src/services/inventory.ts";
import { HubSearch } from "../../src/services/hub-search.ts";
import { ModelManager } from "../../src/services/model-manager.ts";
import { OnDemandModels } from "../../src/services/on-demand.ts";
import { QueryService } from "../../src/services/query.ts";
import { RequestRegistry } from "../../src/services/requests.ts";
import { testConfig } from "./config.ts";
import { FakeEngine, type FakeScript } from "./fake-engine.ts";
import { anyFile, type TestFiles } from "./test-manager.ts";
import { testModels } from "./test-models.ts";

export const TEST_MODEL = "test-model";

const SYSTEM: SystemStatus = {
  memory: { total: 8e9, used: 2e9, available: 6e9, percent: 25, process: 1e8 },
  cpu: { model: "Test CPU", cores: 2, usable: 2, usage_percent: 10 },
  disk: { path: "/models", total: 1e11, used: 4e10, available: 6e10, percent: 40 },
  gpu: [],
};

export interface TestServer<E extends Engine = FakeEngine> extends AsyncDisposable {
  /** Without a slash at its end. */
  url: string;
  port: number;
  engine: E;
  manager: ModelManager;
  services: Services;
  /** The unmodified SDK, without its own retries, so that a test sees the first answer. */
  client: OpenAI;
  stop(): Promise<void>;
}

export interface TestOptions extends Partial<Config> {
  /** Whether names are looked up as the program does, on disk and on the hub. Default: any name is a file. */
  realFiles?: boolean;
  /** What the disk of a folder seems to have left, in bytes. Default: what it has. */
  freeSpace?: (directory: string) => Promise<number | null>;
  /** The model that is ready when the server is; `null` deploys none. Default `test-model`. */
  deploy?: string | null;
  /** What was deployed when the server ended the last time. Default: nothing. */
  remembered?: DeployRequest[];
}

/** The whole server on a real socket, with a fake engine: `await using server = await startServer()`. */
export async function startServer(
  script: Partial<FakeScript> = {},
  { deploy = TEST_MODEL, realFiles = false, freeSpace, remembered, ...overrides }: TestOptions = {},
): Promise<TestServer> {
  const config = await temporaryConfig(overrides);
  // Any name stands for a file: the fake engine opens none.
  const server = await serve(config, new FakeEngine(script), realFiles ? null : anyFile, {
    freeSpace,
    remembered,
  });
  if (deploy !== null) await server.manager.deploy({ model_name: deploy, wait: true });
  return server;
}

/**
 * The same around llama.cpp; model files are looked up in `modelsDir`, and nothing is deployed.
 * @param memory bytes that all models share. Default: as much for each as a real machine has
 */
export async function startRealServer(
  modelsDir: string,
  { memory, ...overrides }: Partial<Config> & { memory?: number } = {},
): Promise<TestServer<LlamaEngine>> {
  const config = await temporaryConfig({ ...overrides, modelsDir });
  return serve(config, new LlamaEngine({ watchdog: config.watchdog }), null, { memory });
}

async function temporaryConfig(overrides: Partial<Config>): Promise<Config> {
  return testConfig(await mkdtemp(join(tmpdir(), "berth-test-")), overrides);
}

async function serve<E extends Engine>(
  config: Config,
  engine: E,
  fakeFiles: TestFiles | null,
  { freeSpace, remembered = [], memory }: Pick<TestOptions, "freeSpace" | "remembered"> & { memory?: number },
): Promise<TestServer<E>> {
  const events = new EventBus();
  const log = pino({ level: "silent" });
  const { library, downloads, files, token } = testModels(config, { events, log, freeSpace });
  const memoryBudget = async () => {
    if (memory === undefined) return SYSTEM.memory.available;
    return manager.list().reduce((left, { memory_bytes }) => left - (memory_bytes ?? 0), memory);
  };
  const manager: ModelManager = new ModelManager({
    engine,
    config,
    events,
    log,
    files: fakeFiles ?? files,
    memoryBudget,
    ...(memory !== undefined && { judge: (...load) => advisor.judge(...load) }),
    threads: 2,
    tuning: { get: () => null, set: () => {} },
    store: { list: () => remembered, save: () => {}, remove: () => {} },
    restartDelayMs: 10,
  });
  const system = { status: async () => SYSTEM };
  const advisor: Advisor = new Advisor({
    engine,
    files: fakeFiles ?? files,
    manager,
    system,
    memoryBudget,
    ramBandwidth: () => 20e9,
    gpuUsable: () => true,
    config,
    threads: 2,
  });
  const models = new OnDemandModels({ manager, events, config });
  const requests = new RequestRegistry({ models, log });
  const services: Services = {
    advisor,
    config,
    log,
    events,
    manager,
    models,
    files,
    inventory: new Inventory({ config, library, manager, downloads }),
    downloads,
    hub: new HubSearch({
      config,
      library,
      system: { status: async () => SYSTEM },
      gpuUsable: () => true,
      token,
    }),
    requests,
    chat: new ChatService({ requests }),
    completions: new CompletionService({ requests }),
    query: new QueryService({ requests }),
    system,
    web: await page(),
    version: "0.0.0-test",
  };
  const app = createApp(services).listen({ hostname: config.host, port: config.port });
  const port = app.server?.port;
  if (port === undefined) throw new Error("The test server does not listen");

  const stop = async () => {
    await app.stop(true);
    await downloads.close();
    await manager.close(0);
    await rm(config.home, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
  return { url, port, engine, manager, services, client, stop, [Symbol.asyncDispose]: stop };
}

let built: Promise<WebPage> | undefined;

/** The page is the same for every server of a test run, so it is bundled once. */
function page(): Promise<WebPage> {
  built ??= WebPage.build();
  return built;
}
