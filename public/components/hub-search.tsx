import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { HubModel, HubRepository, HubSearchAnswer } from "../../src/schemas/hub.ts";
import { explain } from "../lib/api.ts";
import { HUB_FITS } from "../lib/fits.ts";
import { formatBytes, formatCount, formatParameters } from "../lib/format.ts";
import { EMPTY_DRAFT } from "../lib/deploy-form.ts";
import { deploy, draft, pull } from "../state/models.ts";
import { call } from "../state/server.ts";
import { Badge } from "./badge.tsx";
import { Icon } from "./icon.tsx";

/** How many are shown at first, and how many more each time. */
const STEP = 12;
/** The server looks for no more at once. */
const MOST = 50;

/** Finds models on the hub, with what would fit here. */
export function HubSearch() {
  const typed = useSignal("");
  const answer = useSignal<HubSearchAnswer | null>(null);
  const failure = useSignal("");
  const busy = useSignal(false);
  const asked = useSignal(STEP);
  const running = useRef<AbortController | null>(null);
  const search = async (words: string, limit: number) => {
    if (!words) return;
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    busy.value = true;
    failure.value = "";
    try {
      const path = `/hub/search?q=${encodeURIComponent(words)}&limit=${limit}`;
      answer.value = await call<HubSearchAnswer>(path, { signal });
      asked.value = limit;
    } catch (error) {
      if (signal.aborted) return;
      answer.value = null;
      failure.value = explain(error);
    }
    busy.value = false;
  };
  return (
    <section class="block" aria-labelledby="hub-title">
      <h2 id="hub-title">Find a model on the hub</h2>
      <form
        class="hub-search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          void search(typed.value.trim(), STEP);
        }}
      >
        <label class="search">
          <Icon name="search" size={16} />
          <input
            type="search"
            aria-label="Search the hub"
            placeholder="A name, a family or a user: qwen3, gemma 4b, …"
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button" disabled={busy.value}>
          {busy.value ? "Searching…" : "Search"}
        </button>
      </form>
      {failure.value && (
        <p class="trouble" role="alert">
          <Icon name="warning" size={17} /> {failure.value}
        </p>
      )}
      {answer.value &&
        (answer.value.repositories.length === 0 ? (
          <p class="empty">Nothing on the hub with GGUF files has all these words.</p>
        ) : (
          <ul class="repositories" aria-label="Found on the hub">
            {answer.value.repositories.map((repository) => (
              <li key={repository.id}>
                <Repository repository={repository} />
              </li>
            ))}
          </ul>
        ))}
      {answer.value && answer.value.repositories.length >= asked.value && (
        <More
          asked={asked.value}
          busy={busy.value}
          onMore={(limit) => void search(answer.value?.query ?? "", limit)}
        />
      )}
    </section>
  );
}

/** The way on from a full list, as far as there is one. */
function More({ asked, busy, onMore }: { asked: number; busy: boolean; onMore: (limit: number) => void }) {
  if (asked >= MOST)
    return <p class="muted">These are the {MOST} most downloaded. One more word finds others.</p>;
  return (
    <div class="row">
      <button
        type="button"
        class="button small"
        aria-disabled={busy}
        onClick={() => {
          if (!busy) onMore(Math.min(asked + STEP, MOST));
        }}
      >
        More
      </button>
    </div>
  );
}

function Repository({ repository }: { repository: HubRepository }) {
  const { id, url, downloads, likes, parameters, context_length, architecture, gated, models } = repository;
  return (
    <article class="card repository" aria-label={id}>
      <header>
        <h3>{id}</h3>
        {gated !== false && <Badge verdict="fair">gated</Badge>}
        <a href={url} target="_blank" rel="noopener noreferrer">
          on the hub
        </a>
      </header>
      <p class="facts">
        {architecture && <span>{architecture}</span>}
        {parameters !== null && <span>{formatParameters(parameters)} parameters</span>}
        {context_length !== null && <span>{formatCount(context_length)} tokens of context</span>}
        <span>{formatCount(downloads)} downloads</span>
        <span>{formatCount(likes)} likes</span>
      </p>
      <ul class="rows">
        {models.map((model) => (
          <li key={model.name}>
            <Model model={model} gated={gated !== false} />
          </li>
        ))}
      </ul>
    </article>
  );
}

function Model({
  model: { name, quantisation, size, fit, present },
  gated,
}: {
  model: HubModel;
  gated: boolean;
}) {
  const { verdict, text } = HUB_FITS[fit];
  const choose = () => {
    draft.value = { ...EMPTY_DRAFT, model: name };
    // Gated files need a token, which only the form can take.
    document
      .getElementById(gated ? "deploy-token" : "deploy-model")
      ?.closest("details")
      ?.setAttribute("open", "");
    const field = document.getElementById(gated ? "deploy-token" : "deploy-model");
    field?.scrollIntoView({ block: "center" });
    field?.focus({ preventScroll: true });
  };
  return (
    <div class="row-item">
      <span class="quantisation">{quantisation ?? "GGUF"}</span>
      <span class="muted">{formatBytes(size)}</span>
      <Badge verdict={verdict}>{text}</Badge>
      {present && <Badge>on this machine</Badge>}
      <div class="actions">
        <button
          type="button"
          class="quiet"
          aria-label={gated ? `With a token: ${name}` : `Details of ${name}`}
          onClick={choose}
        >
          {gated ? "With a token" : "Details"}
        </button>
        {!present && !gated && (
          <button
            type="button"
            class="button small"
            aria-label={`Download ${name}`}
            onClick={() => void pull(name)}
          >
            Download
          </button>
        )}
        {!gated && (
          <button
            type="button"
            class="button small"
            aria-label={`Deploy ${name}`}
            onClick={() => void deploy({ model_name: name })}
          >
            Deploy
          </button>
        )}
      </div>
    </div>
  );
}
