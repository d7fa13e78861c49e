import type { FunctionComponent } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { comebacks } from "../state/server.ts";

/** A part of the page that is loaded when it is first shown. */
export function Late({ load }: { load: () => Promise<FunctionComponent> }) {
  const loaded = useSignal<{ view: FunctionComponent } | null>(null);
  const failed = useSignal(false);
  const start = () => {
    failed.value = false;
    load().then(
      (view) => (loaded.value = { view }),
      () => (failed.value = true),
    );
  };
  // What could not be loaded may be there once the server is back.
  useEffect(() => {
    if (!loaded.value) start();
  }, [comebacks.value]);
  if (loaded.value) {
    const View = loaded.value.view;
    return <View />;
  }
  if (!failed.value) return <div class="view-loading" aria-busy="true" />;
  return (
    <div class="empty-state">
      <p>This part of the page could not be loaded: the server is away, or was updated meanwhile.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Reload the page
      </button>
    </div>
  );
}
