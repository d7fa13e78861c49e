import { dismiss, notices } from "../state/notices.ts";
import { Icon } from "./icon.tsx";

/** Told in passing; a screen reader hears them too. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, kind, action }) => (
        <div key={id} class="notice" data-kind={kind}>
          <p>{text}</p>
          {action && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                action.run();
                dismiss(id);
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" class="icon-button small" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" size={15} />
          </button>
        </div>
      ))}
    </div>
  );
}
