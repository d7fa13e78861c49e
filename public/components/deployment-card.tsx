import { useSignal } from "@preact/signals";
import type { DeploymentStatus } from "../../src/schemas/deployment.ts";
import type { UndeployAnswer } from "../../src/schemas/status.ts";
import { explain } from "../lib/api.ts";
import { stateName } from "../lib/deployment.ts";
import { deviceName, formatBytes, formatParameters, plural } from "../lib/format.ts";
import { chooseModel, startNew } from "../state/chat.ts";
import { notify } from "../state/notices.ts";
import { call, refresh } from "../state/server.ts";
import { Icon } from "./icon.tsx";
import { MemoryBar } from "./memory-bar.tsx";

/** One deployment: what it is, what it takes, what it does, and the way to end it. */
export function DeploymentCard({ deployment }: { deployment: DeploymentStatus }) {
  const { model_name: name, state, progress, memory, error, notes } = deployment;
  const loading = state === "loading" || state === "downloading";
  return (
    <article class="card deployment" aria-label={name}>
      <header>
        <span class="state-dot" data-state={state} />
        <h3>{name}</h3>
        <span class="state" role="status">
          {stateName(deployment)}
        </span>
        <Actions deployment={deployment} />
      </header>
      {loading && <progress value={progress} max={1} aria-label={`Progress of ${name}`} />}
      {error && (
        <p class="trouble">
          <Icon name="warning" size={17} /> {error}
        </p>
      )}
      <Description deployment={deployment} />
      {memory && <MemoryBar parts={memory} />}
      {deployment.slots !== null && state === "ready" && <Slots deployment={deployment} />}
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </article>
  );
}

function Description({ deployment }: { deployment: DeploymentStatus }) {
  const { quantisation, parameters, architecture, file_size, device, gpu_layers, total_layers } = deployment;
  const { context_length, restarts } = deployment;
  const facts = [
    architecture,
    parameters !== null && `${formatParameters(parameters)} parameters`,
    quantisation,
    file_size !== null && formatBytes(file_size),
    gpu_layers
      ? `${deviceName(device)}, ${gpu_layers} of ${total_layers} layers`
      : device !== "auto" && deviceName(device),
    context_length !== null && `${context_length.toLocaleString("en")} tokens of context`,
    restarts > 0 && plural(restarts, "restart"),
  ].filter(Boolean);
  return (
    <p class="facts">
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </p>
  );
}

function Slots({
  deployment: { slots, busy_slots, queued, completion_tokens },
}: {
  deployment: DeploymentStatus;
}) {
  const count = slots ?? 0;
  return (
    <p class="slots">
      <span class="slot-row" role="img" aria-label={`${busy_slots} of ${plural(count, "slot")} busy`}>
        {Array.from({ length: Math.min(count, 32) }, (_, index) => (
          <span key={index} data-busy={index < busy_slots} />
        ))}
      </span>
      <span>
        {busy_slots} of {plural(count, "slot")} busy
      </span>
      {queued > 0 && <span class="queued">{queued} waiting</span>}
      {completion_tokens !== undefined && <span>{plural(completion_tokens, "token")} so far</span>}
    </p>
  );
}

function Actions({ deployment: { model_name: name, state } }: { deployment: DeploymentStatus }) {
  const ending = useSignal(false);
  const undeploy = async () => {
    ending.value = true;
    try {
      const path = `/undeploy?model_name=${encodeURIComponent(name)}`;
      const { message } = await call<UndeployAnswer>(path, { method: "DELETE" });
      notify(message);
    } catch (error) {
      notify(explain(error), "error");
    }
    ending.value = false;
    refresh();
  };
  const chat = () => {
    chooseModel(name);
    startNew();
  };
  const verb = state === "ready" ? "Undeploy" : state === "failed" ? "Remove" : "Cancel";
  return (
    <div class="actions">
      {state === "ready" && (
        <button type="button" class="button small" aria-label={`Chat with ${name}`} onClick={chat}>
          Chat
        </button>
      )}
      <button
        type="button"
        class="button small"
        aria-label={`${verb} ${name}`}
        disabled={ending.value || state === "draining"}
        onClick={() => void undeploy()}
      >
        {ending.value || state === "draining" ? "Ending…" : verb}
      </button>
    </div>
  );
}
