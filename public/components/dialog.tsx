import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { dialogs } from "../state/overlay.ts";
import { Icon } from "./icon.tsx";
import { Notices } from "./notices.tsx";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** `side` is a panel at the edge of the screen. */
  kind?: "middle" | "side";
}

/** The browser's own modal dialog: it keeps the focus in, closes on Escape and gives the focus back. */
export function Dialog({ title, onClose, children, kind = "middle" }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const gone = useRef(false);
  useLayoutEffect(() => {
    const { current } = dialog;
    if (!current) return;
    current.showModal();
    dialogs.value = [...dialogs.value, current];
    return () => {
      dialogs.value = dialogs.value.filter((one) => one !== current);
      // One that is only taken away gives no focus back.
      gone.current = true;
      current.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${kind}`}
      aria-labelledby="dialog-title"
      onClose={() => gone.current || onClose()}
      onClick={(event) => {
        // The backdrop is the dialog itself; what is inside covers all the rest of it.
        if (event.target === event.currentTarget) event.currentTarget.close();
      }}
    >
      <div class="dialog-body">
        <header>
          <h2 id="dialog-title">{title}</h2>
          <button
            type="button"
            class="icon-button"
            aria-label="Close"
            onClick={() => dialog.current?.close()}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
      <Notices of={dialog} />
    </dialog>
  );
}
