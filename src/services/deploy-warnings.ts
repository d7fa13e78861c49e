import type { Device } from "../schemas/device.ts";
import { DeployRequest } from "../schemas/deployment.ts";

const KNOWN = new Set(Object.keys(DeployRequest.properties));
const MOST_UNKNOWN = 10;

/**
 * One sentence for every flag of the request that was set and has no effect, but those that choose a
 * file (`ModelFiles` judges them); values are never repeated.
 * @param isHere whether the file is on this machine already
 */
export function deployWarnings(request: DeployRequest, device: Device, isHere: boolean): string[] {
  const warnings: string[] = [];
  const warn = (flag: string, why: string) => warnings.push(`${flag} has no effect: ${why}`);
  if (request.trust_remote_code) warn("trust_remote_code", "a GGUF file carries no code");
  if (request.hf_token && isHere) warn("hf_token", "this model is a file on this machine");
  if (device === "cpu" && request.gpu_layers) warn("gpu_layers", "the model runs on the CPU");
  if (request.pinned && request.ttl !== undefined && request.ttl !== null)
    warn("ttl", "a pinned model is never unloaded for being idle");
  const unknown = Object.keys(request).filter((key) => !KNOWN.has(key));
  for (const key of unknown.slice(0, MOST_UNKNOWN))
    warn(JSON.stringify(key.slice(0, 64)), "this server does not know it");
  if (unknown.length > MOST_UNKNOWN)
    warnings.push(`${unknown.length - MOST_UNKNOWN} more unknown fields have no effect`);
  return warnings;
}
