import { rmdir } from "node:fs/promises";
import { dirname, sep } from "node:path";

/**
 * Removes the folder of a file that is gone, and those above it, as far as nothing is in them.
 * @param root stays, with all that is not below it
 */
export async function removeEmptyFolders(path: string, root: string): Promise<void> {
  for (let folder = dirname(path); folder.startsWith(root + sep); folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}
