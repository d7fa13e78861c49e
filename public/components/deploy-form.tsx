import { useSignal } from "@preact/signals";
import type { DeployAnswer } from "../../src/schemas/deployment.ts";
import { explain } from "../lib/api.ts";
import { readDeploy } from "../lib/deploy-form.ts";
import { call, refresh } from "../state/server.ts";
import { Icon } from "./icon.tsx";

/** Deploys by name, with the documented options. */
export function DeployForm() {
  const busy = useSignal(false);
  const said = useSignal<{ text: string; bad: boolean } | null>(null);
  const deploy = async (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const form = event.currentTarget;
    busy.value = true;
    said.value = null;
    try {
      const body = readDeploy(new FormData(form));
      const { message, warnings = [] } = await call<DeployAnswer>("/deploy", { method: "POST", body });
      said.value = { text: [message, ...warnings].join(" "), bad: false };
      form.reset();
    } catch (error) {
      said.value = { text: explain(error), bad: true };
    }
    busy.value = false;
    refresh();
  };
  return (
    <section class="block" aria-labelledby="deploy-title">
      <h2 id="deploy-title">Deploy a model</h2>
      <form class="card deploy-form" autocomplete="off" onSubmit={(event) => void deploy(event)}>
        <div class="deploy-name">
          <label class="field grow">
            <span>Model</span>
            <input
              name="model_name"
              required
              spellcheck={false}
              autocapitalize="off"
              placeholder="guide, or the path of a GGUF file below the models directory"
            />
          </label>
          <button type="submit" class="button primary" disabled={busy.value}>
            Deploy
          </button>
        </div>
        {said.value && (
          <p class={said.value.bad ? "trouble" : "muted"} role="status">
            {said.value.bad && <Icon name="warning" size={17} />}
            {said.value.text}
          </p>
        )}
        <details>
          <summary>
            Options <Icon name="right" size={14} />
          </summary>
          <div class="field-grid">
            <label class="field">
              <span>Device</span>
              <select name="device">
                <option value="auto">Best there is</option>
                <option value="cpu">CPU</option>
                <option value="cuda">CUDA (NVIDIA)</option>
                <option value="vulkan">Vulkan</option>
                <option value="metal">Metal (Apple)</option>
              </select>
              <small>device</small>
            </label>
            <label class="field">
              <span>Weights</span>
              <select name="bits">
                <option value="">As the name says</option>
                <option value="8">8-bit</option>
                <option value="4">4-bit</option>
              </select>
              <small>load_in_8bit, load_in_4bit</small>
            </label>
            <label class="field">
              <span>Context length</span>
              <input
                name="context_length"
                type="number"
                inputMode="numeric"
                min="1"
                step="1"
                placeholder="what fits"
              />
              <small>Tokens per slot</small>
            </label>
            <label class="field">
              <span>Slots</span>
              <input
                name="parallel"
                type="number"
                inputMode="numeric"
                min="1"
                max="256"
                step="1"
                placeholder="4"
              />
              <small>Requests answered together</small>
            </label>
            <label class="field">
              <span>Hugging Face token</span>
              <input
                name="hf_token"
                type="password"
                autocomplete="off"
                spellcheck={false}
                placeholder="for gated models"
              />
              <small>Sent with this deployment, kept nowhere</small>
            </label>
          </div>
        </details>
      </form>
    </section>
  );
}
