import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { DiskModel } from "../../src/schemas/disk-model.ts";
import { formatBytes, formatParameters } from "../lib/format.ts";
import { deploy, diskModels, readDiskModels, removeModel } from "../state/models.ts";
import { models as deployments } from "../state/server.ts";
import { Badge } from "./badge.tsx";

const SOURCES: Record<DiskModel["source"], string> = {
  built_in: "comes with Berth",
  downloaded: "downloaded",
  models_directory: "in the models directory",
  directory: "in a directory of yours",
  hub_cache: "in the cache of other programs",
};

/** The files on this machine, deployed or not. */
export function DiskModels() {
  const models = diskModels.value;
  // What is deployed can not be deleted, and what was undeployed can.
  const states = deployments.value.map(({ model_name, state }) => `${model_name} ${state}`).join();
  useEffect(() => {
    if (diskModels.peek()) void readDiskModels();
  }, [states]);
  if (models === null) return null;
  const bytes = models.reduce((sum, { size }) => sum + size, 0);
  return (
    <section class="block" aria-labelledby="disk-title">
      <div class="block-head">
        <h2 id="disk-title">On this machine</h2>
        <span class="muted">{formatBytes(bytes)} in all</span>
      </div>
      {models.length === 0 ? (
        <p class="empty">No file yet. Models that you download lie here, and go when you delete them.</p>
      ) : (
        <ul class="card rows">
          {models.map((model) => (
            <li key={`${model.id} ${model.path}`}>
              <File model={model} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function File({ model }: { model: DiskModel }) {
  const { id, kind, size, source, removable, deployed_as, quantisation, parameters, error } = model;
  const sure = useSignal(false);
  const remove = async () => {
    sure.value = false;
    await removeModel(id);
  };
  const put = async () => {
    await deploy({ model_name: id });
    await readDiskModels();
  };
  const facts = [
    formatBytes(size),
    quantisation,
    parameters !== null && `${formatParameters(parameters)} parameters`,
    SOURCES[source],
    kind === "adapter" && "adapter",
    ...model.capabilities.filter((one) => one !== "chat"),
  ];
  return (
    <article class="row-item" aria-label={`File of ${id}`}>
      <div class="grow">
        <h3>{id}</h3>
        <p class="facts">
          {facts.filter(Boolean).map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </p>
        {error && <p class="bad">{error}</p>}
      </div>
      <div class="actions">
        {deployed_as !== null ? (
          <Badge verdict="good">deployed</Badge>
        ) : (
          error === null &&
          kind === "model" && (
            <button type="button" class="button small" aria-label={`Deploy ${id}`} onClick={() => void put()}>
              Deploy
            </button>
          )
        )}
        {removable &&
          (sure.value ? (
            <>
              <button
                type="button"
                class="button small danger"
                aria-label={`Delete ${id} for good`}
                onClick={() => void remove()}
              >
                Delete for good
              </button>
              <button type="button" class="button small" autoFocus onClick={() => (sure.value = false)}>
                Keep
              </button>
            </>
          ) : (
            <button
              type="button"
              class="button small"
              aria-label={`Delete ${id}`}
              onClick={() => (sure.value = true)}
            >
              Delete
            </button>
          ))}
      </div>
    </article>
  );
}
