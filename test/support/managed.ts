import type { Config } from "../../src/config/config.ts";
import { ApiError } from "../../src/errors.ts";
import type { DeploymentState, DeployRequest } from "../../src/schemas/deployment.ts";
import { EventBus } from "../../src/services/events.ts";
import type { Lease } from "../../src/services/leases.ts";
import type { ModelManager, ModelManagerParts } from "../../src/services/model-manager.ts";
import { testConfig } from "./config.ts";
import { textRequest } from "./engine-requests.ts";
import { FakeEngine, type FakeScript } from "./fake-engine.ts";
import { testManager } from "./test-manager.ts";

/** A manager around a fake engine, and every state its deployments took; closed by `closeManaged`. */
export function setUp(
  script: Partial<FakeScript> = {},
  overrides: Partial<Config> = {},
  parts: Partial<ModelManagerParts> = {},
) {
  const engine = new FakeEngine(script);
  const events = new EventBus();
  const states: string[] = [];
  events.on((name, value) => {
    if (name !== "deployment" || !("state" in value)) return;
    const entry = `${value.model_name} ${value.state}`;
    if (states.at(-1) !== entry) states.push(entry);
  });
  const config = testConfig("/nowhere", overrides);
  const manager = testManager(engine, config, { events, ...parts });
  managers.push(manager);
  return { engine, manager, states, events, config };
}

const managers: ModelManager[] = [];

/** For `afterEach`: ends what `setUp` made. */
export async function closeManaged(): Promise<void> {
  await Promise.all(managers.splice(0).map((manager) => manager.close(0)));
}

/** Deploys and waits for the model. */
export const ready = (manager: ModelManager, name: string, more: Partial<DeployRequest> = {}) =>
  manager.deploy({ model_name: name, wait: true, ...more });

/** The error that `act` ends with. */
export async function refusal(act: () => unknown): Promise<ApiError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

export const stateOf = (manager: ModelManager, name: string): DeploymentState | undefined =>
  manager.list().find((status) => status.model_name === name)?.state;

/** Reads a whole answer. */
export async function answer({ model }: Lease): Promise<string> {
  const { pieces } = await model.generate(textRequest("a b c"), new AbortController().signal);
  let text = "";
  for await (const piece of pieces) text += piece.text;
  return text;
}
