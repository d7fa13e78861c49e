import { useSignal } from "@preact/signals";
import {
  BUILT_IN_PRESETS,
  defaultText,
  type Preset,
  readNumber,
  readStops,
  type Sampling,
  SAMPLING_FIELDS,
} from "../lib/sampling.ts";
import { model } from "../state/chat.ts";
import { beginWith, change, current } from "../state/conversations.ts";
import { notify } from "../state/notices.ts";
import { overlay } from "../state/overlay.ts";
import { presets } from "../state/preferences.ts";
import { models } from "../state/server.ts";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icon.tsx";

/** The system prompt and how tokens are chosen, for this conversation; presets keep both under a name. */
export function SettingsPanel() {
  const { id, system, sampling } = current.value;
  const deployed = models.value.find(({ model_name }) => model_name === model.value)?.options;
  const set = (next: { system?: string; sampling?: Sampling }) => change(id, (one) => ({ ...one, ...next }));
  const setField = (name: keyof Sampling, value: number | string[] | undefined) => {
    const { [name]: _, ...rest } = sampling;
    set({ sampling: value === undefined ? rest : { ...rest, [name]: value } });
  };
  return (
    <Dialog title="Settings of this conversation" kind="side" onClose={() => (overlay.value = null)}>
      <div class="stack">
        <Presets
          system={system}
          sampling={sampling}
          onChoose={({ system, sampling }) => set({ system, sampling })}
        />
        <label class="field">
          <span>System prompt</span>
          <textarea
            rows={4}
            placeholder={deployed?.system_prompt ?? "Who the model is to be, and how it answers"}
            value={system}
            onInput={(event) => set({ system: event.currentTarget.value })}
          />
        </label>
        <div class="field-grid">
          {SAMPLING_FIELDS.map((field) => (
            <label key={field.name} class="field">
              <span>{field.label}</span>
              <input
                type="number"
                inputMode="decimal"
                min={field.other ?? field.min}
                max={field.max}
                step={field.step}
                placeholder={defaultText(field, deployed?.sampling)}
                value={sampling[field.name] ?? ""}
                onChange={(event) => setField(field.name, readNumber(event.currentTarget.value, field))}
              />
              <small>{field.hint}</small>
            </label>
          ))}
        </div>
        <label class="field">
          <span>Stop at</span>
          <textarea
            rows={2}
            placeholder="One text per line"
            value={sampling.stop?.join("\n") ?? ""}
            onChange={(event) => setField("stop", readStops(event.currentTarget.value))}
          />
        </label>
        <p class="muted">
          An empty field leaves the choice to the server; what it chooses then stands in the field.
        </p>
        <button
          type="button"
          class="button"
          onClick={() => {
            beginWith({ system, sampling });
            notify("New conversations begin with these settings.");
          }}
        >
          Begin new conversations like this
        </button>
      </div>
    </Dialog>
  );
}

interface PresetsProps {
  system: string;
  sampling: Sampling;
  onChoose: (preset: Preset) => void;
}

function Presets({ system, sampling, onChoose }: PresetsProps) {
  const name = useSignal("");
  const add = (event: Event) => {
    event.preventDefault();
    const title = name.value.trim();
    if (!title) return;
    presets.value = [...presets.value.filter((one) => one.name !== title), { name: title, system, sampling }];
    name.value = "";
  };
  // The settings alone, where a preset has no words of its own.
  const inPlace = (preset: Preset): Preset =>
    BUILT_IN_PRESETS.includes(preset) ? { ...preset, system } : preset;
  const matches = (preset: Preset) => isSame(inPlace(preset), { system, sampling });
  return (
    <fieldset class="presets">
      <legend>Presets</legend>
      <div class="chips">
        {[...BUILT_IN_PRESETS, ...presets.value].map((preset) => (
          <span key={preset.name} class="chip" data-on={matches(preset)}>
            <button type="button" aria-pressed={matches(preset)} onClick={() => onChoose(inPlace(preset))}>
              {preset.name}
            </button>
            {presets.value.includes(preset) && (
              <button
                type="button"
                class="icon-button small"
                aria-label={`Delete preset ${preset.name}`}
                onClick={() => (presets.value = presets.value.filter((one) => one !== preset))}
              >
                <Icon name="close" size={13} />
              </button>
            )}
          </span>
        ))}
      </div>
      <form class="row" onSubmit={add}>
        <input
          class="grow"
          aria-label="Name of the preset"
          placeholder="Keep these settings as…"
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <button type="submit" class="button small" disabled={name.value.trim() === ""}>
          Keep
        </button>
      </form>
    </fieldset>
  );
}

const isSame = (one: Omit<Preset, "name">, other: Omit<Preset, "name">): boolean =>
  JSON.stringify([one.system, sorted(one.sampling)]) ===
  JSON.stringify([other.system, sorted(other.sampling)]);

const sorted = (sampling: Sampling) => Object.entries(sampling).sort(([a], [b]) => a.localeCompare(b));
