import type { Config } from "../../src/config/config.ts";

/** Settings for tests: loopback, any free port, short times, nothing deployed by itself. */
export function testConfig(home: string, overrides: Partial<Config> = {}): Config {
  return {
    host: "127.0.0.1",
    port: 0,
    logLevel: "error",
    logFormat: "json",
    home,
    modelsDir: `${home}/models`,
    modelDirs: [],
    aliases: {},
    // Nothing listens there.
    hubEndpoint: "http://127.0.0.1:1",
    hubHome: `${home}/huggingface`,
    model: null,
    engine: "cpu",
    device: "auto",
    contextLength: null,
    parallel: 4,
    gpuLayers: null,
    threads: null,
    queueLimit: 64,
    pauseMs: 500,
    loadOnRequest: false,
    loadWaitMs: 60_000,
    onDemandTtlMs: null,
    restore: true,
    drainMs: 1000,
    graceMs: 1000,
    bodyLimit: 1024 * 1024,
    allowedHosts: [],
    allowedOrigins: [],
    watchdog: {
      heartbeatTimeoutMs: 10_000,
      stepFactor: 20,
      stepFloorMs: 10_000,
      loadStallMs: 60_000,
      restarts: 5,
      restartWindowMs: 600_000,
    },
    ...overrides,
  };
}
