import { useSignal } from "@preact/signals";
import type { QueryAnswer, QueryRequest } from "../../src/schemas/query.ts";
import { explain } from "../lib/api.ts";
import { formatSeconds, plural, shortName } from "../lib/format.ts";
import { call, status } from "../state/server.ts";
import { Icon } from "./icon.tsx";

/** `POST /query` by hand: one prompt to the current model, outside of any conversation. */
export function QueryPanel() {
  const prompt = useSignal("");
  const maxLength = useSignal("");
  const temperature = useSignal("");
  const busy = useSignal(false);
  const answer = useSignal<QueryAnswer | null>(null);
  const failure = useSignal("");
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    failure.value = "";
    const body: QueryRequest = {
      prompt: prompt.value,
      ...(maxLength.value && { max_length: Number(maxLength.value) }),
      ...(temperature.value && { temperature: Number(temperature.value) }),
    };
    try {
      answer.value = await call<QueryAnswer>("/query", { method: "POST", body });
    } catch (error) {
      answer.value = null;
      failure.value = explain(error);
    }
    busy.value = false;
  };
  const model = status.value?.model_name;
  return (
    <section class="block" aria-labelledby="query-title">
      <h2 id="query-title">Query</h2>
      <form class="card query" onSubmit={(event) => void submit(event)}>
        <label class="field">
          <span>Prompt</span>
          <textarea
            required
            rows={2}
            placeholder={`One question${model ? ` to ${shortName(model)}` : ""}, with nothing said before`}
            value={prompt.value}
            onInput={(event) => (prompt.value = event.currentTarget.value)}
          />
        </label>
        <div class="query-fields">
          <label class="field">
            <span>Longest</span>
            <input
              type="number"
              inputMode="numeric"
              min="1"
              step="1"
              placeholder="512"
              value={maxLength.value}
              onInput={(event) => (maxLength.value = event.currentTarget.value)}
            />
            <small>Tokens, prompt and answer together</small>
          </label>
          <label class="field">
            <span>Temperature</span>
            <input
              type="number"
              inputMode="decimal"
              min="0"
              max="2"
              step="any"
              placeholder="0.7"
              value={temperature.value}
              onInput={(event) => (temperature.value = event.currentTarget.value)}
            />
            <small>0 always takes the likeliest token</small>
          </label>
          <button type="submit" class="button" aria-disabled={busy.value}>
            {busy.value ? "Waiting…" : "Ask"}
          </button>
        </div>
        {failure.value && (
          <p class="trouble" role="alert">
            <Icon name="warning" size={17} /> {failure.value}
          </p>
        )}
        <div role="status">{answer.value && <Answer answer={answer.value} />}</div>
      </form>
    </section>
  );
}

function Answer({
  answer: { response, model_name, generation_time, input_tokens, output_tokens },
}: {
  answer: QueryAnswer;
}) {
  return (
    <div class="query-answer">
      <p class="plain">{response || "The answer is empty."}</p>
      <p class="facts">
        <span title={model_name}>{shortName(model_name)}</span>
        <span>{formatSeconds(generation_time)}</span>
        <span>{plural(input_tokens, "token")} of prompt</span>
        <span>{plural(output_tokens, "token")} of answer</span>
      </p>
    </div>
  );
}
