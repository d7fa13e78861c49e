import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { highlight } from "../highlighter.ts";
import { CopyButton } from "./copy-button.tsx";

/** Longer code is shown plainly, or every new token would cost a long pause. */
const LONGEST = 30_000;

/** The highlighter, once it has come; asked for with the first code that is shown. */
const highlighter = signal<typeof highlight | null>(null);
let asked = false;

export function CodeBlock({ code, language }: { code: string; language: string }) {
  const wrap = useSignal(false);
  useEffect(() => {
    if (asked || !language) return;
    asked = true;
    import("../highlighter.ts").then(
      (module) => (highlighter.value = module.highlight),
      () => (asked = false),
    );
  }, [language]);
  const spans = language && code.length <= LONGEST ? highlighter.value?.(code, language) : null;
  return (
    <figure class="code-block">
      <figcaption>
        <span>{language || "text"}</span>
        <button
          type="button"
          class="quiet small"
          aria-pressed={wrap.value}
          onClick={() => (wrap.value = !wrap.value)}
        >
          Wrap
        </button>
        <CopyButton text={code} label="Copy code" small />
      </figcaption>
      <pre tabIndex={0} class={wrap.value ? "wrap" : undefined}>
        <code>
          {spans
            ? spans.map(({ scope, text }, index) =>
                scope ? (
                  <span key={index} class={scope}>
                    {text}
                  </span>
                ) : (
                  text
                ),
              )
            : code}
        </code>
      </pre>
    </figure>
  );
}
