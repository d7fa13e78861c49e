import { dirname } from "node:path";
import { FileLock, type TryLock } from "./file-lock.ts";
import { SetUpError } from "./set-up-error.ts";

/**
 * Two first starts at once install one after the other.
 * @throws SetUpError where the folder can not be written
 */
export async function withSetUpLock<T>(path: string, work: () => Promise<T>, tryLock?: TryLock): Promise<T> {
  using lock = open(path, tryLock);
  if (!lock.take()) {
    if (lock.exists) {
      console.error("Another start of Berth is setting up: waiting for it …");
      while (!lock.take()) await Bun.sleep(100);
    } else
      console.error(
        `${dirname(path)} lies on a drive without locks: nothing else may set up Berth meanwhile`,
      );
  }
  return await work();
}

function open(path: string, tryLock?: TryLock): FileLock {
  try {
    return new FileLock(path, tryLock);
  } catch (error) {
    const message = `${dirname(path)} can not be written: run the set-up once as the owner of this folder`;
    throw new SetUpError(message, { cause: error });
  }
}
