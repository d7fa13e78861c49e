import { useLayoutEffect, useRef } from "preact/hooks";
import type { Conversation } from "../lib/conversation.ts";
import { save } from "../state/conversations.ts";

/** The title of a conversation as a field: Enter and leaving keep it, Escape does not. */
export function RenameField({ conversation, onEnd }: { conversation: Conversation; onEnd: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  // Before anything is drawn, so that no key is lost that is typed at once.
  useLayoutEffect(() => input.current?.select(), []);
  const end = (keep: boolean) => {
    const title = input.current?.value.trim();
    if (keep && title && title !== conversation.title) save({ ...conversation, title, named: true });
    onEnd();
  };
  return (
    <input
      ref={input}
      class="rename"
      aria-label="Title of the conversation"
      defaultValue={conversation.title}
      maxLength={200}
      onBlur={() => end(true)}
      onKeyDown={(event) => {
        // The input method's own keys: they choose characters.
        if (event.isComposing) return;
        if (event.key === "Enter") end(true);
        if (event.key === "Escape") {
          event.stopPropagation();
          end(false);
        }
      }}
    />
  );
}
