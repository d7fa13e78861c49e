import { useSignal } from "@preact/signals";
import { notify } from "../state/notices.ts";
import { Icon } from "./icon.tsx";

interface Props {
  text: string | (() => string);
  label: string;
  small?: boolean;
}

/** Copies, and says so for a moment. */
export function CopyButton({ text, label, small = false }: Props) {
  const done = useSignal(false);
  const copy = async (from: HTMLElement) => {
    if (!(await copyText(typeof text === "string" ? text : text(), from))) {
      notify("The browser did not let the page copy; select the text and copy it yourself.", "error");
      return;
    }
    done.value = true;
    setTimeout(() => (done.value = false), 1600);
  };
  return (
    <button
      type="button"
      class={small ? "icon-button small" : "icon-button"}
      aria-label={label}
      title={label}
      data-done={done.value}
      onClick={(event) => void copy(event.currentTarget)}
    >
      <Icon name={done.value ? "check" : "copy"} size={small ? 15 : 17} />
    </button>
  );
}

/**
 * The clipboard exists on secure origins only; on a plain address in the network the old way is left.
 * @param from what was pressed; it has the focus afterwards
 */
async function copyText(text: string, from: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    // What lies outside of a modal dialog gets no focus; the browser would copy nothing, and call it done.
    (from.closest("dialog") ?? document.body).append(area);
    area.focus();
    area.select();
    const done = document.activeElement === area && document.execCommand("copy");
    area.remove();
    from.focus();
    return done;
  }
}
