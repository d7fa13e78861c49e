import { setText } from "../lib/dom.ts";

/** Shows a sentence under a form, or takes it away with `null`. */
export function showMessage(
  place: HTMLElement,
  text: string | null,
  kind: "notice" | "error" = "notice",
): void {
  place.hidden = text === null;
  place.dataset["kind"] = kind;
  setText(place, text ?? "");
}
