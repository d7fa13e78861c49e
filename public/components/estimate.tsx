import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Alternative, EstimateAnswer } from "../../src/schemas/estimate.ts";
import { explain } from "../lib/api.ts";
import { type DeployDraft, toDeployRequest } from "../lib/deploy-form.ts";
import { FITS, speedText } from "../lib/fits.ts";
import { deviceName, formatBytes, formatParameters, plural } from "../lib/format.ts";
import { call, comebacks } from "../state/server.ts";
import { Badge } from "./badge.tsx";
import { MemoryBar } from "./memory-bar.tsx";

/** Nobody wants to be judged in the middle of a word. */
const PAUSE_MS = 450;

interface Props {
  draft: DeployDraft;
  onChange: (change: Partial<DeployDraft>) => void;
}

/** What the deployment in the form would take, how fast it would be, and what to take instead. */
export function Estimate({ draft, onChange }: Props) {
  const known = useSignal<EstimateAnswer | null>(null);
  const refused = useSignal<string | null>(null);
  const asking = useSignal(false);
  const request = JSON.stringify(toDeployRequest(draft));
  useEffect(() => {
    refused.value = null;
    if (!draft.model.trim()) {
      known.value = null;
      asking.value = false;
      return;
    }
    asking.value = true;
    const gone = new AbortController();
    const ask = async () => {
      try {
        const body = { ...(JSON.parse(request) as object), dry_run: true };
        known.value = await call<EstimateAnswer>("/deploy", { method: "POST", body, signal: gone.signal });
      } catch (error) {
        if (gone.signal.aborted) return;
        known.value = null;
        refused.value = explain(error);
      }
      asking.value = false;
    };
    const timer = setTimeout(() => void ask(), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [request, comebacks.value]);
  const estimate = known.value;
  if (!draft.model.trim())
    return (
      <p class="muted">
        Name a model, and what it would take of this machine stands here before it is loaded.
      </p>
    );
  return (
    <div class="estimate" aria-busy={asking.value} role="status">
      {estimate ? (
        <Verdict estimate={estimate} onChange={onChange} />
      ) : refused.value ? (
        <p class="muted">{refused.value}</p>
      ) : (
        <p class="muted">Working out what it would take…</p>
      )}
    </div>
  );
}

function Verdict({ estimate, onChange }: { estimate: EstimateAnswer; onChange: Props["onChange"] }) {
  const { fits, message, speed, memory, available, notes, alternatives } = estimate;
  const { verdict, text } = FITS[fits];
  return (
    <>
      <p class="estimate-head">
        <Badge verdict={verdict}>{text}</Badge>
        {/* Of what simply fits, the figures say all of it. */}
        {fits !== "whole" && <strong>{message}</strong>}
      </p>
      <MemoryBar parts={memory} of={available.ram + available.vram} />
      <p class="facts">
        {fits !== "none" && <span title={speed.basis}>{speedText(speed)}</span>}
        <span>{formatParameters(estimate.parameters)} parameters</span>
        {estimate.quantisation && <span>{estimate.quantisation}</span>}
        <span>
          {plural(estimate.slots, "slot")} of {estimate.context_length.toLocaleString("en")} tokens
        </span>
        <span>
          {estimate.gpu_layers > 0
            ? `${estimate.gpu_layers} of ${estimate.total_layers} layers on the GPU`
            : deviceName(estimate.device)}
        </span>
        {!estimate.on_disk && <span>{formatBytes(estimate.file_size)} to download</span>}
      </p>
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {alternatives.length > 0 && (
        <ul class="alternatives" aria-label="Instead">
          {alternatives.map((one) => (
            <li key={one.message}>
              <span>{one.message}</span>
              <button type="button" class="button small" onClick={() => onChange(taken(one))}>
                Take this
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function taken({ model_name, context_length }: Alternative): Partial<DeployDraft> {
  // A name that says its quantisation needs no other word for it.
  return {
    model: model_name,
    bits: "",
    contextLength: context_length === null ? "" : String(context_length),
  };
}
