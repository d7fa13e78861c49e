import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Purpose, Recommendation, RecommendationsAnswer } from "../../src/schemas/recommendation.ts";
import { EMPTY_DRAFT } from "../lib/deploy-form.ts";
import { RECOMMENDED_FITS, speedText } from "../lib/fits.ts";
import { formatBytes, formatCount } from "../lib/format.ts";
import { deploy, draft } from "../state/models.ts";
import { call, models, comebacks } from "../state/server.ts";
import { Badge } from "./badge.tsx";

/** The purposes that this server can serve; the reference lists more. */
const PURPOSES: { purpose: Purpose; name: string }[] = [
  { purpose: "chat", name: "Chat" },
  { purpose: "code", name: "Code" },
  { purpose: "tools", name: "Tools" },
];

/** As many as a person compares. */
const SHOWN = 4;

/** Open models that suit this machine, the best first, each a click away. */
export function Recommendations() {
  const purpose = useSignal<Purpose>("chat");
  const answer = useSignal<RecommendationsAnswer | null>(null);
  const all = useSignal(false);
  // What is deployed leaves less for others.
  const deployed = models.value.map(({ model_name, state }) => `${model_name} ${state}`).join();
  useEffect(() => {
    const gone = new AbortController();
    call<RecommendationsAnswer>(`/recommendations?purpose=${purpose.value}`, { signal: gone.signal }).then(
      (told) => (answer.value = told),
      () => {},
    );
    return () => gone.abort();
  }, [purpose.value, deployed, comebacks.value]);
  if (!answer.value) return null;
  const { machine, recommendations } = answer.value;
  const fitting = recommendations.filter(({ fits }) => fits !== "none");
  const shown = all.value ? fitting : fitting.slice(0, SHOWN);
  return (
    <section class="block" aria-labelledby="recommended-title">
      <div class="block-head">
        <h2 id="recommended-title">Recommended for this machine</h2>
        <div class="tabs" role="group" aria-label="Purpose">
          {PURPOSES.map((one) => (
            <button
              key={one.purpose}
              type="button"
              aria-pressed={purpose.value === one.purpose}
              onClick={() => (purpose.value = one.purpose)}
            >
              {one.name}
            </button>
          ))}
        </div>
      </div>
      <p class="muted">
        {formatBytes(machine.ram)} of memory are free
        {machine.vram > 0 && `, and ${formatBytes(machine.vram)} on the GPU`}
        {machine.disk !== null && `; ${formatBytes(machine.disk)} on the disk`}. Quality and speed are weighed
        together.
      </p>
      {fitting.length === 0 ? (
        <p class="empty">
          Nothing of the catalogue fits into what is free. Undeploy a model, and look again.
        </p>
      ) : (
        <ul class="recommendations">
          {shown.map((one, index) => (
            <li key={one.model_name}>
              <Choice recommendation={one} best={index === 0} />
            </li>
          ))}
        </ul>
      )}
      {fitting.length > SHOWN && (
        <button
          type="button"
          class="quiet"
          aria-expanded={all.value}
          onClick={() => (all.value = !all.value)}
        >
          {all.value ? "Show fewer" : `Show all ${fitting.length}`}
        </button>
      )}
    </section>
  );
}

function Choice({ recommendation: one, best }: { recommendation: Recommendation; best: boolean }) {
  const { name, maker, model_name, quantisation, file_size, memory_bytes, licence, strengths, speed, fits } =
    one;
  const { verdict, text } = RECOMMENDED_FITS[fits];
  const deployed = models.value.some((model) => model.model_name === model_name && model.state !== "failed");
  return (
    <article class="card recommendation" aria-label={name}>
      <header>
        <h3>{name}</h3>
        {best && <Badge>best choice</Badge>}
        <Badge verdict={verdict}>{text}</Badge>
      </header>
      <p class="muted">{strengths}</p>
      <p class="facts">
        <span>{maker}</span>
        <span>{quantisation}</span>
        <span>{formatBytes(file_size)} to download</span>
        <span>{formatBytes(memory_bytes)} in memory</span>
        <span>{formatCount(one.context_length)} tokens of context</span>
        <span>{licence}</span>
      </p>
      <footer>
        <span class="speed" title={speed.basis}>
          {speedText(speed)}
        </span>
        <button
          type="button"
          class="quiet"
          aria-label={`Details of ${name}`}
          onClick={() => {
            draft.value = { ...EMPTY_DRAFT, model: model_name };
            document.getElementById("deploy-model")?.focus();
          }}
        >
          Details
        </button>
        <button
          type="button"
          class={best ? "button small primary" : "button small"}
          aria-label={`Deploy ${name}`}
          disabled={deployed}
          onClick={() => void deploy({ model_name })}
        >
          {deployed ? "Deployed" : "Deploy"}
        </button>
      </footer>
    </article>
  );
}
