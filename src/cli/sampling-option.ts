import { InvalidArgumentError } from "commander";
import type { DeployRequest } from "../schemas/deployment.ts";

type Sampling = NonNullable<DeployRequest["sampling"]>;

/** Adds `temperature=0.2` to what was given before; names and ranges are for the server to judge. */
export function samplingField(text: string, given: Sampling = {}): Sampling {
  const [, name, value] = /^([a-z_]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError("It takes name=value, such as temperature=0.2.");
  const number = name === "stop" ? NaN : Number(value);
  return { ...given, [name]: Number.isNaN(number) ? value : number };
}
