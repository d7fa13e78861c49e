import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { explain } from "../lib/api.ts";
import { settingsRows } from "../lib/settings-rows.ts";
import { call, comebacks } from "../state/server.ts";

/** The settings in force, as the server tells them, secrets masked. */
export function Configuration() {
  const settings = useSignal<Record<string, unknown> | null>(null);
  const failure = useSignal("");
  const search = useSignal("");
  useEffect(() => {
    call<Record<string, unknown>>("/config").then(
      (answer) => {
        settings.value = answer;
        failure.value = "";
      },
      (error: unknown) => (failure.value = explain(error)),
    );
  }, [comebacks.value]);
  const rows = settingsRows(settings.value ?? {}).filter(({ name }) =>
    name.toLowerCase().includes(search.value.toLowerCase()),
  );
  return (
    <section class="block" aria-labelledby="config-title">
      <div class="block-head">
        <h2 id="config-title">Configuration in force</h2>
        <input
          type="search"
          aria-label="Filter the settings"
          placeholder="Filter"
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
      </div>
      {failure.value && <p class="trouble">{failure.value}</p>}
      <dl class="settings card">
        {rows.map(({ name, value, source }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
              {source !== null && <small>by {source}</small>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
