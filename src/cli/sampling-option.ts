import { InvalidArgumentError } from "commander";
import type { DeployRequest } from "../schemas/deployment.ts";

type Sampling = NonNullable<DeployRequest["sampling"]>;

/**
 * Adds `temperature=0.2` to what was given before, and each `stop=…` to the others; names and ranges are for the server
 * to judge.
 */
export function samplingField(text: string, given: Sampling = {}): Sampling {
  const [, name, value] = /^([a-z_]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError("It takes name=value, such as temperature=0.2.");
  if (name === "stop") return { ...given, stop: [given.stop ?? [], value].flat() };
  const number = Number(value);
  return { ...given, [name]: Number.isNaN(number) ? value : number };
}
