import type { DeploymentState } from "../schemas/deployment.ts";
import type { DeployPlan } from "./deploy-plan.ts";
import type { Deployment } from "./deployment.ts";

/** States that keep others from taking the same name or file. */
const IN_USE: ReadonlySet<DeploymentState> = new Set([
  "downloading",
  "loading",
  "ready",
  "unloaded",
  "draining",
]);

/** Every deployment there is, by name; iterates from the oldest to the newest. */
export class Deployments implements Iterable<Deployment> {
  readonly #byName = new Map<string, Deployment>();

  [Symbol.iterator](): Iterator<Deployment> {
    return this.#byName.values();
  }

  /** Takes the place of one of the same name, and counts as the newest. */
  add(deployment: Deployment): void {
    this.#byName.delete(deployment.name);
    this.#byName.set(deployment.name, deployment);
  }

  /** Does nothing when another one has its name by now. */
  remove(deployment: Deployment): void {
    if (this.#byName.get(deployment.name) === deployment) this.#byName.delete(deployment.name);
  }

  /** By its name or one of its aliases; one in use before one that failed and had the name before. */
  find(name: string): Deployment | undefined {
    const [inUse] = this.using(name);
    return inUse ?? this.#byName.get(name) ?? this.#list().find(({ aliases }) => aliases.includes(name));
  }

  /** Those in use that have `name`, or a name or the file that `plan` asks for. */
  using(name: string, plan?: Pick<DeployPlan, "aliases" | "spec">): Deployment[] {
    const names = new Set([name, ...(plan?.aliases ?? [])]);
    return this.#list().filter(
      (deployment) =>
        IN_USE.has(deployment.state) &&
        (deployment.spec.path === plan?.spec.path ||
          [deployment.name, ...deployment.aliases].some((taken) => names.has(taken))),
    );
  }

  /** The one in use whose model is one of these files. */
  ofModel(paths: readonly string[]): Deployment | undefined {
    return this.#list().find(({ state, spec }) => IN_USE.has(state) && paths.includes(spec.path));
  }

  /** The one in use that has one of these files, as its model, its draft model or an adapter. */
  usingFile(paths: readonly string[]): Deployment | undefined {
    return this.#list().find(
      ({ state, spec }) =>
        IN_USE.has(state) &&
        [spec.path, spec.draft, ...spec.loras.map(({ path }) => path)].some(
          (path) => path !== null && paths.includes(path),
        ),
    );
  }

  /** The most recently deployed one that is ready: it takes the requests that name no model. */
  current(): Deployment | undefined {
    return foremostOf(this.#list().filter(({ state }) => state === "ready"));
  }

  /** The one that would be current had it not given its memory back; it may be loading again. */
  resting(): Deployment | undefined {
    const isBack = ({ state, wasReady }: Deployment) => state === "loading" && wasReady;
    return foremostOf(this.#list().filter((one) => one.state === "unloaded" || isBack(one)));
  }

  /** The current one, else the newest of those that tell best why there is none. */
  foremost(): Deployment | undefined {
    return (
      this.current() ??
      this.newest("loading", "downloading") ??
      this.newest("unloaded") ??
      this.newest("failed") ??
      this.newest("draining")
    );
  }

  /** The most recently deployed one in one of these states. */
  newest(...states: DeploymentState[]): Deployment | undefined {
    return this.#list().findLast(({ state }) => states.includes(state));
  }

  #list(): Deployment[] {
    return [...this.#byName.values()];
  }
}

/** The newest; one that is only there because a request named it comes after all others. */
const foremostOf = (deployments: readonly Deployment[]) =>
  deployments.findLast(({ onDemand }) => !onDemand) ?? deployments.at(-1);
