import { useSignal } from "@preact/signals";
import { overlay } from "../state/overlay.ts";
import { apiKey, keyWanted, useKey } from "../state/server.ts";
import { Dialog } from "./dialog.tsx";

/** Asks for the API key once the server wanted one. */
export function KeyDialog() {
  const typed = useSignal(apiKey.value ?? "");
  const close = () => {
    keyWanted.value = false;
    overlay.value = null;
  };
  const give = (event: Event) => {
    event.preventDefault();
    useKey(typed.value.trim() || null);
    close();
  };
  return (
    <Dialog title="API key" onClose={close}>
      <form class="stack" onSubmit={give}>
        <p class="muted">
          {keyWanted.value
            ? apiKey.value
              ? "The server does not accept this key."
              : "This server wants an API key."
            : "Only needed where the server asks for one."}{" "}
          It is kept in this browser and sent to this server alone.
        </p>
        <label class="field">
          <span>Key</span>
          <input
            type="password"
            autoFocus
            autocomplete="off"
            spellcheck={false}
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </label>
        <div class="row end">
          {apiKey.value && (
            <button
              type="button"
              class="button"
              onClick={() => {
                useKey(null);
                close();
              }}
            >
              Forget it
            </button>
          )}
          <button type="submit" class="button primary">
            Use this key
          </button>
        </div>
      </form>
    </Dialog>
  );
}
