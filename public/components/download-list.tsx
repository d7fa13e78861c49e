import type { DownloadStatus } from "../../src/schemas/download.ts";
import { downloadText, isUnderWay } from "../lib/download.ts";
import { cancelDownload, downloads, pauseDownload, resumeDownload } from "../state/models.ts";
import { Icon } from "./icon.tsx";

/** What is on its way to this machine, or was. */
export function DownloadListing() {
  if (downloads.value.length === 0) return null;
  return (
    <section class="block" aria-labelledby="downloads-title">
      <h2 id="downloads-title">Downloads</h2>
      <ul class="card rows">
        {downloads.value.toReversed().map((download) => (
          <li key={download.id}>
            <Download download={download} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Download({ download }: { download: DownloadStatus }) {
  const { id, model_name: name, state, progress, error } = download;
  const moving = isUnderWay(download);
  const mayResume = state === "paused" || state === "failed";
  return (
    <article class="row-item" aria-label={`Download of ${name}`}>
      <div class="grow">
        <h3>{name}</h3>
        <p class="muted">{downloadText(download)}</p>
        {(moving || state === "paused") && (
          <progress
            {...(progress === null ? {} : { value: progress })}
            max={1}
            data-state={state}
            aria-label={`Progress of ${name}`}
          />
        )}
        {error && <p class="bad">{error}</p>}
      </div>
      <div class="actions">
        {moving && state !== "verifying" && (
          <button
            type="button"
            class="button small"
            aria-label={`Pause ${name}`}
            onClick={() => void pauseDownload(id)}
          >
            <Icon name="pause" size={15} /> Pause
          </button>
        )}
        {mayResume && (
          <button
            type="button"
            class="button small"
            aria-label={`Resume ${name}`}
            onClick={() => void resumeDownload(id)}
          >
            <Icon name="play" size={15} /> Resume
          </button>
        )}
        <button
          type="button"
          class="icon-button"
          aria-label={moving || mayResume ? `Cancel the download of ${name}` : `Take ${name} from the list`}
          title={moving || mayResume ? "Cancel, and remove what arrived" : "Take from the list"}
          onClick={() => void cancelDownload(id, moving || mayResume)}
        >
          <Icon name="close" size={16} />
        </button>
      </div>
    </article>
  );
}
