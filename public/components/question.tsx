import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Message } from "../lib/conversation.ts";
import { formatCount } from "../lib/format.ts";
import { deleteMessage, editQuestion, running } from "../state/chat.ts";
import { BranchSwitch } from "./branch-switch.tsx";
import { CopyButton } from "./copy-button.tsx";
import { Icon } from "./icon.tsx";

/** What a person asked; it may be asked otherwise. */
export function Question({ message }: { message: Message }) {
  const editing = useSignal(false);
  const busy = running.value !== null;
  return (
    <article class="message question" aria-label="You">
      {message.attachments && (
        <ul class="attachments">
          {message.attachments.map(({ name, size }, index) => (
            <li key={index} class="attachment">
              <Icon name="file" size={16} />
              <span class="name">{name}</span>
              <small>{formatCount(size)} characters</small>
            </li>
          ))}
        </ul>
      )}
      {editing.value ? (
        <EditField message={message} onEnd={() => (editing.value = false)} />
      ) : (
        message.content && <div class="bubble">{message.content}</div>
      )}
      {!editing.value && (
        <div class="message-actions">
          <BranchSwitch message={message} />
          <CopyButton text={message.content} label="Copy question" />
          <button
            type="button"
            class="icon-button"
            aria-label="Edit question"
            title="Edit"
            disabled={busy}
            onClick={() => (editing.value = true)}
          >
            <Icon name="edit" size={17} />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Delete question and what follows"
            title="Delete from here"
            disabled={busy}
            onClick={() => deleteMessage(message.id)}
          >
            <Icon name="trash" size={17} />
          </button>
        </div>
      )}
    </article>
  );
}

function EditField({ message, onEnd }: { message: Message; onEnd: () => void }) {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(message.content.length, message.content.length);
  }, []);
  const ask = () => {
    if (editQuestion(message, area.current?.value ?? "")) onEnd();
  };
  return (
    <div class="edit">
      <textarea
        ref={area}
        aria-label="Question"
        defaultValue={message.content}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            ask();
          }
          if (event.key === "Escape" && !event.isComposing) {
            event.stopPropagation();
            onEnd();
          }
        }}
      />
      <div class="row end">
        <button type="button" class="button small" onClick={onEnd}>
          Cancel
        </button>
        <button type="button" class="button small primary" disabled={running.value !== null} onClick={ask}>
          Ask
        </button>
      </div>
    </div>
  );
}
