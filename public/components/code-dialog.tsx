import { useSignal } from "@preact/signals";
import { chatBody } from "../lib/chat-request.ts";
import { pathTo, withMessage } from "../lib/conversation.ts";
import { SNIPPET_KINDS, snippet, type SnippetKind } from "../lib/snippets.ts";
import { model } from "../state/chat.ts";
import { current } from "../state/conversations.ts";
import { overlay } from "../state/overlay.ts";
import { apiKey } from "../state/server.ts";
import { CodeBlock } from "./code-block.tsx";
import { Dialog } from "./dialog.tsx";

const LANGUAGES: Record<SnippetKind, string> = { curl: "bash", Python: "python", JavaScript: "javascript" };

/** The request of this conversation's last question, for programs. */
export function CodeDialog() {
  const kind = useSignal<SnippetKind>("curl");
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = SNIPPET_KINDS.indexOf(kind.value) + step;
    kind.value = SNIPPET_KINDS.at(at % SNIPPET_KINDS.length) ?? kind.value;
    document.getElementById(tabId(kind.value))?.focus();
  };
  const code = snippet(kind.value, body(), { origin: location.origin, needsKey: apiKey.value !== null });
  return (
    <Dialog title="This request as code" onClose={() => (overlay.value = null)}>
      <div class="stack">
        <div class="tabs" role="tablist" aria-label="Language" onKeyDown={onKeyDown}>
          {SNIPPET_KINDS.map((one) => (
            <button
              key={one}
              type="button"
              role="tab"
              id={tabId(one)}
              aria-controls="snippet"
              aria-selected={kind.value === one}
              tabIndex={kind.value === one ? 0 : -1}
              onClick={() => (kind.value = one)}
            >
              {one}
            </button>
          ))}
        </div>
        <div role="tabpanel" id="snippet" aria-labelledby={tabId(kind.value)}>
          <CodeBlock code={code} language={LANGUAGES[kind.value]} />
        </div>
        <p class="muted">Any client of the OpenAI API works with this address.</p>
      </div>
    </Dialog>
  );
}

const tabId = (kind: SnippetKind): string => `snippet-${kind}`;

function body() {
  const last = pathTo(current.value).findLast(({ role }) => role === "user");
  const name = model.value ?? "guide";
  if (last) return chatBody(current.value, last.id, name);
  const example = { id: "example", parent: null, role: "user" as const, content: "Hello!", created: 0 };
  return chatBody(withMessage(current.value, example), example.id, name);
}
