import { SetUpError } from "./set-up-error.ts";

/**
 * Older versions lack what the server and its tests rely on; newer ones are not what was tested.
 * @throws SetUpError that says how to get the right one
 */
export function checkBunVersion(wanted: string, present: string = Bun.version): void {
  const order = Bun.semver.order(present, wanted);
  if (order < 0)
    throw new SetUpError(
      `Berth needs Bun ${wanted}, and this is ${present}: 'npx -y bun@${wanted} start' runs it without installing it`,
    );
  if (order > 0) console.error(`Berth is tested with Bun ${wanted}, and this is ${present}`);
}
