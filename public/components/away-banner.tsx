import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { refresh, view } from "../state/server.ts";
import { Icon } from "./icon.tsx";

/** Says that the server is away and when it is asked again; goes by itself when it is back. */
export function AwayBanner() {
  const away = useComputed(() => view.value.link === "away");
  if (!away.value) return null;
  return (
    <div class="banner" role="alert">
      <Icon name="warning" />
      <p>
        <strong>The server is away.</strong> What you see is the last it told; start it again with{" "}
        <code>bun start</code>. This page recovers by itself.
      </p>
      <RetryTime />
      <button type="button" class="button small" onClick={refresh}>
        Try now
      </button>
    </div>
  );
}

function RetryTime() {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil(((view.value.retryAt ?? now.value) - now.value) / 1000);
  return (
    <span class="retry" aria-hidden="true">
      {seconds > 0 ? `Next try in ${seconds} s` : "Trying…"}
    </span>
  );
}
