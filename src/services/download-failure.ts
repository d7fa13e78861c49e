import { ApiError } from "../errors.ts";
import { explain } from "../hub/hub-client.ts";
import { downloadFailed, insufficientDisk } from "../hub/hub-failures.ts";
import { type Access, HttpFailure } from "../hub/http.ts";
import type { RemoteModel } from "../hub/locate.ts";

/**
 * What ended a download, for a person.
 * @param left bytes that are missing
 */
export function toDownloadFailure(
  error: unknown,
  { repo, name }: RemoteModel,
  { access, left, modelsDir }: { access: Access; left: number; modelsDir: string },
): ApiError {
  if (error instanceof ApiError) return error;
  // Only the hub itself tells such a code; a content network that refuses is just a failure.
  if (error instanceof HttpFailure && error.errorCode !== null && repo !== null)
    return explain(error, repo, null, access);
  if (error instanceof Error && "code" in error && error.code === "ENOSPC")
    return insufficientDisk(name, left, 0, modelsDir);
  return downloadFailed(name, error instanceof Error ? error.message : String(error));
}
