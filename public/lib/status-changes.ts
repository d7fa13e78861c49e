import type { DeploymentStatus } from "../../src/schemas/deployment.ts";
import type { Statistics } from "../../src/schemas/event.ts";
import type { StatusAnswer } from "../../src/schemas/status.ts";

/** The status with other deployments; `null` stays `null`. */
export const withModels = (status: StatusAnswer | null, models: DeploymentStatus[]): StatusAnswer | null =>
  status && { ...status, models };

/** The status after one deployment changed; one that stopped is gone. */
export function withDeployment(status: StatusAnswer | null, changed: DeploymentStatus): StatusAnswer | null {
  if (!status) return null;
  const known = status.models.some((model) => model.model_name === changed.model_name);
  const models = known
    ? status.models.map((model) => (model.model_name === changed.model_name ? changed : model))
    : [...status.models, changed];
  return withModels(
    status,
    models.filter((model) => model.state !== "stopped"),
  );
}

/** The status with what statistics tell of the machine. */
export function withStatistics(status: StatusAnswer | null, statistics: Statistics): StatusAnswer | null {
  if (!status) return null;
  const { system } = status;
  const { used, total } = statistics.memory;
  return {
    ...status,
    system: {
      ...system,
      memory: { ...system.memory, used, total, available: total - used, percent: (100 * used) / total },
      cpu: { ...system.cpu, usage_percent: statistics.cpu_percent },
    },
  };
}

/** Whether statistics, which are totals, say that some model's own figures have changed. */
export function needsStatus(
  status: StatusAnswer | null,
  { busy_slots, queued, tokens_per_second }: Statistics,
): boolean {
  // Of what was generated, each model has its own count.
  if (tokens_per_second > 0) return true;
  const sum = (pick: (model: DeploymentStatus) => number) =>
    status?.models.reduce((total, model) => total + pick(model), 0);
  return sum((model) => model.busy_slots) !== busy_slots || sum((model) => model.queued) !== queued;
}
