import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import { isLoopback } from "../http/loopback.ts";
import { enginePackages, UnsupportedMachine } from "../setup/engine-packages.ts";
import { inspectMachine } from "../setup/machine.ts";
import { watchLaunchers } from "./launcher-watch.ts";
import { listenFailure } from "./listen-failure.ts";
import { Notices } from "./notices.ts";
import { BerthServer } from "./server.ts";
import { addSettingOptions, readSettings } from "./settings-help.ts";
import { onStopSignals } from "./stop-signals.ts";

const EXAMPLES = `
Examples:
  $ berth serve                             the built-in model on http://127.0.0.1:8000
  $ berth serve --port 9000 --model user/repo:Q4_K_M
  $ berth serve --model none --no-restore   nothing deployed
  $ berth serve --config ./berth.yaml
  $ berth serve --json | jq                 what it says while it starts, for programs`;

/** `berth serve`, and `berth` alone. */
export function addServeCommand(program: Command): void {
  const command = program
    .command("serve", { isDefault: true })
    .description("serve until told to stop (the default)")
    .allowExcessArguments()
    .option("--json", "say where it listens and what is ready as one JSON object a line")
    .addHelpText("after", EXAMPLES)
    .action(async ({ json }: { json?: boolean }) => {
      assertNoWords(command);
      assertSupported(command);
      const { config, file, warnings } = readSettings(command);
      const server = await start(command, config);
      const { log } = server;
      for (const warning of warnings) log.warn(warning);
      log.info({ host: config.host, port: server.port, home: config.home, file }, "listening");
      keepRunning(server);
      endInOrder(server, config.graceMs);
      await deployAtStart(server, config, new Notices(config, server.port, { json }));
    });
  addSettingOptions(command);
}

/** As the default command, `serve` is given every word that is no command. */
function assertNoWords(command: Command): void {
  const [word] = command.args;
  if (word === undefined) return;
  const verbs = command.parent?.commands.map((verb) => verb.name()) ?? [];
  if (verbs.includes(word)) command.error(`Flags come after the command: berth ${word} …`);
  const meant = nearest(word, verbs);
  command.error(`There is no command '${word}'${meant === null ? "" : `: did you mean ${meant}?`}`);
}

function assertSupported(command: Command): void {
  try {
    enginePackages(inspectMachine(), "cpu");
  } catch (error) {
    if (error instanceof UnsupportedMachine) command.error(error.message);
    throw error;
  }
}

async function start(command: Command, config: Config): Promise<BerthServer> {
  try {
    return await BerthServer.start(config);
  } catch (error) {
    const message = await listenFailure(error, config);
    if (message === null) throw error;
    return command.error(message);
  }
}

/** Tells where the server is, deploys what is to be there, and tells how to call the default model. */
async function deployAtStart(server: BerthServer, config: Config, notices: Notices): Promise<void> {
  const { manager, log } = server;
  const { model } = config;
  notices.listening();
  if (!isLoopback(config.host))
    log.warn({ host: config.host }, "other machines can reach this server, and there are no API keys");
  const remembered = config.restore && manager.remembers(model ?? "");
  const told: Promise<void>[] = [];
  // Begun first, and a small one as a rule: whoever waits for the server need not wait for all of them.
  if (model !== null && !remembered) {
    const ready = manager.deploy({ model_name: model, wait: true }, { remember: false });
    told.push(tellWhenReady(server, model, notices, ready));
  }
  const refused = config.restore ? await manager.restore() : null;
  if (model !== null && remembered) {
    const ready = refused?.has(model) ? Promise.reject(refused.get(model)) : manager.whenReady(model);
    told.push(tellWhenReady(server, model, notices, ready));
  }
  await Promise.all(told);
}

async function tellWhenReady(
  server: BerthServer,
  model: string,
  notices: Notices,
  ready: Promise<unknown>,
): Promise<void> {
  try {
    await ready;
    notices.ready(model);
  } catch (error) {
    // A load that is cut short by the end of the server is no failure.
    if (server.stopping) return;
    server.log.error({ err: error, model }, "the model could not be deployed at start");
    notices.failed(model, error);
  }
}

/** A fault in one request, which is a bug of ours, must not end all the others. */
function keepRunning({ log }: BerthServer): void {
  process.on("uncaughtException", (error) => log.error({ err: error }, "uncaught error"));
  process.on("unhandledRejection", (error) => log.error({ err: error }, "unhandled rejection"));
}

function endInOrder(server: BerthServer, graceMs: number): void {
  const stop = async (reason: string) => {
    if (server.stopping) return;
    server.log.info({ reason, grace_ms: graceMs }, "stopping: requests under way may finish");
    await server.stop(graceMs).catch((error: unknown) => {
      server.log.error({ err: error }, "could not stop in order");
    });
    server.log.info("stopped");
    process.exit(0);
  };
  onStopSignals({
    onStop: (signal) => void stop(signal),
    // Engines end with this process.
    onSecond: (exitCode) => process.exit(exitCode),
  });
  watchLaunchers((launcher) => void stop(`its launcher is gone: ${launcher}`));
}
