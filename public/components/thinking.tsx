import { formatSeconds } from "../lib/format.ts";
import { Icon } from "./icon.tsx";
import { Markdown } from "./markdown.tsx";

/** What a model thought before it answered: folded, with how long it took. */
export function Thinking({ text, ms, open }: { text: string; ms: number | null; open: boolean }) {
  return (
    <details class="thinking" open={open}>
      <summary>
        <Icon name="bulb" size={16} />
        {open ? "Thinking…" : ms === null ? "Thought" : `Thought for ${formatSeconds(ms / 1000)}`}
        <Icon name="right" size={14} />
      </summary>
      <Markdown text={text} growing={open} />
    </details>
  );
}
