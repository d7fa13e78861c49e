import type { RefObject } from "preact";
import { dismiss, notices } from "../state/notices.ts";
import { dialogs } from "../state/overlay.ts";
import { Icon } from "./icon.tsx";

/**
 * Told in passing; a screen reader hears them too. A modal dialog covers the page and makes it inert, so
 * that they are shown in the topmost one as long as there is one.
 * @param of the dialog that they are in; the page itself without
 */
export function Notices({ of }: { of?: RefObject<HTMLDialogElement | null> }) {
  if (dialogs.value.at(-1) !== of?.current) return null;
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
