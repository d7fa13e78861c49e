import { useSignal } from "@preact/signals";
import type { DeployAnswer } from "../../src/schemas/deployment.ts";
import { explain } from "../lib/api.ts";
import { again, stateName } from "../lib/deployment.ts";
import { BUILT_IN_MODEL, suggestionsFor } from "../lib/suggestions.ts";
import { ask, model } from "../state/chat.ts";
import { notify } from "../state/notices.ts";
import { call, models, refresh, view } from "../state/server.ts";
import { Icon } from "./icon.tsx";

/** Before the first question: something to start from, or what is missing for it. */
export function Welcome() {
  const { status, link } = view.value;
  const chosen = models.value.find(({ model_name }) => model_name === model.value);
  const loading = chosen?.state === "loading" || chosen?.state === "downloading" ? chosen : null;
  return (
    <div class="messages welcome-place">
      <div class="welcome">
        <img src="/static/icon.svg" alt="" width="52" height="52" />
        {loading ? (
          <>
            <h2>{loading.model_name} is on its way</h2>
            <p class="muted">
              {stateName(loading)}. You can write already; it answers as soon as it is there.
            </p>
            <progress value={loading.progress} max={1} aria-label={`Progress of ${loading.model_name}`} />
          </>
        ) : model.value ? (
          <>
            <h2>What would you like to know?</h2>
            <ul class="suggestions">
              {suggestionsFor(model.value).map(({ title, text }) => (
                <li key={title}>
                  <button type="button" onClick={() => ask(text)}>
                    <strong>{title}</strong>
                    <span>{text}</span>
                  </button>
                </li>
              ))}
            </ul>
          </>
        ) : status ? (
          <NothingDeployed />
        ) : (
          <h2>{link === "locked" ? "This server wants an API key" : ""}</h2>
        )}
      </div>
    </div>
  );
}

function NothingDeployed() {
  const asked = useSignal(false);
  const failed = models.value.findLast(({ state }) => state === "failed");
  const deploy = async () => {
    asked.value = true;
    try {
      const body = failed ? again(failed) : { model_name: BUILT_IN_MODEL };
      await call<DeployAnswer>("/deploy", { method: "POST", body });
      refresh();
    } catch (error) {
      notify(explain(error), "error");
    }
    asked.value = false;
  };
  return (
    <>
      <h2>{failed ? `${failed.model_name} could not be loaded` : "No model is deployed"}</h2>
      {failed ? (
        <p class="trouble" role="alert">
          <Icon name="warning" size={17} /> {failed.error}
        </p>
      ) : (
        <p class="muted">
          A model answers once it is deployed, that is, loaded into memory. Begin with the small one that
          comes with Berth, or choose one that makes good use of this machine.
        </p>
      )}
      <div class="row">
        <button type="button" class="button primary" disabled={asked.value} onClick={() => void deploy()}>
          {failed ? "Try again" : `Deploy ${BUILT_IN_MODEL}`}
        </button>
        <a class="button" href="#/models">
          See all models
        </a>
      </div>
    </>
  );
}
