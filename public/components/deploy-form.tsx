import { useSignal } from "@preact/signals";
import { type DeployDraft, EMPTY_DRAFT, toDeployRequest } from "../lib/deploy-form.ts";
import { deploy, diskModels, draft } from "../state/models.ts";
import { Estimate } from "./estimate.tsx";
import { Icon } from "./icon.tsx";

/** Deploys by name, with the documented options; what it would take stands there before the button is pressed. */
export function DeployForm() {
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    if (await deploy(toDeployRequest(draft.value))) draft.value = EMPTY_DRAFT;
    busy.value = false;
  };
  const set = (change: Partial<DeployDraft>) => (draft.value = { ...draft.value, ...change });
  return (
    <section class="block" aria-labelledby="deploy-title">
      <h2 id="deploy-title">Deploy a model</h2>
      <form class="card deploy-form" autocomplete="off" onSubmit={(event) => void submit(event)}>
        <div class="deploy-name">
          <label class="field grow">
            <span>Model</span>
            <input
              id="deploy-model"
              name="model_name"
              required
              list="known-models"
              spellcheck={false}
              autocapitalize="off"
              placeholder="guide, user/repository:Q4_K_M, or a GGUF file of this machine"
              value={draft.value.model}
              onInput={(event) => set({ model: event.currentTarget.value })}
            />
            <datalist id="known-models">
              {(diskModels.value ?? [])
                .filter(({ kind }) => kind === "model")
                .map(({ id }) => (
                  <option key={id} value={id} />
                ))}
            </datalist>
          </label>
          <button type="submit" class="button primary" disabled={busy.value}>
            Deploy
          </button>
        </div>
        <Estimate draft={draft.value} onChange={set} />
        <Options draft={draft.value} onChange={set} />
      </form>
    </section>
  );
}

function Options({
  draft,
  onChange,
}: {
  draft: DeployDraft;
  onChange: (change: Partial<DeployDraft>) => void;
}) {
  return (
    <details>
      <summary>
        Options <Icon name="right" size={14} />
      </summary>
      <div class="field-grid">
        <label class="field">
          <span>Device</span>
          <select
            value={draft.device}
            onChange={(event) => onChange({ device: event.currentTarget.value as DeployDraft["device"] })}
          >
            <option value="auto">Best there is</option>
            <option value="cpu">CPU</option>
            <option value="cuda">CUDA (NVIDIA)</option>
            <option value="vulkan">Vulkan</option>
            <option value="metal">Metal (Apple)</option>
          </select>
          <small>Where it runs</small>
        </label>
        <label class="field">
          <span>Weights</span>
          <select
            value={draft.bits}
            onChange={(event) => onChange({ bits: event.currentTarget.value as DeployDraft["bits"] })}
          >
            <option value="">As the name says</option>
            <option value="8">8-bit</option>
            <option value="4">4-bit</option>
          </select>
          <small>Where a name stands for several files</small>
        </label>
        <label class="field">
          <span>Context length</span>
          <input
            type="number"
            inputMode="numeric"
            min="1"
            step="1"
            placeholder="what fits, up to 8192"
            value={draft.contextLength}
            onInput={(event) => onChange({ contextLength: event.currentTarget.value })}
          />
          <small>Tokens per slot</small>
        </label>
        <label class="field">
          <span>Slots</span>
          <input
            type="number"
            inputMode="numeric"
            min="1"
            max="256"
            step="1"
            placeholder="as configured"
            value={draft.slots}
            onInput={(event) => onChange({ slots: event.currentTarget.value })}
          />
          <small>Requests answered together</small>
        </label>
        <label class="field">
          <span>Hugging Face token</span>
          <input
            id="deploy-token"
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="for gated models"
            value={draft.token}
            onInput={(event) => onChange({ token: event.currentTarget.value })}
          />
          <small>Sent with this deployment, kept nowhere</small>
        </label>
      </div>
    </details>
  );
}
