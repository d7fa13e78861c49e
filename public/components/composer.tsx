import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { explain } from "../lib/api.ts";
import { formatCount } from "../lib/format.ts";
import { ask, model, running } from "../state/chat.ts";
import { current } from "../state/conversations.ts";
import { readFile } from "../state/files.ts";
import { notify } from "../state/notices.ts";
import { unsentOf } from "../state/unsent.ts";
import { Icon } from "./icon.tsx";

/** Text that is pasted and longer than this becomes an attachment. */
const LONG_PASTE = 4000;

/** Where one writes: grows with the text, takes files, and turns into the stop button while an answer is written. */
export function Composer() {
  const { text, attached, reading } = unsentOf(current.value);
  const over = useSignal(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  // Before it is drawn: a cursor that comes later would be taken from where somebody has gone on to.
  useLayoutEffect(() => {
    // On a phone the keyboard would cover half of the page at once.
    if (matchMedia("(pointer: fine)").matches) area.current?.focus();
  }, []);

  const send = () => {
    // Without a file that one sees there, it would be another question.
    if (reading.value.length > 0 || !ask(text.value, attached.value)) return;
    text.value = "";
    attached.value = [];
  };
  const attach = async (files: Iterable<File>) => {
    for (const file of files) {
      reading.value = [...reading.value, file.name];
      try {
        const attachment = await readFile(file);
        attached.value = [...attached.value, attachment];
      } catch (error) {
        notify(explain(error), "error");
      }
      reading.value = reading.value.toSpliced(reading.value.indexOf(file.name), 1);
    }
    area.current?.focus();
  };
  const paste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    // A picture beside text is how a spreadsheet sends cells, and only what they look like.
    const files = [...(event.clipboardData?.files ?? [])].filter(
      ({ type }) => pasted === "" || !type.startsWith("image/"),
    );
    if (files.length > 0) {
      event.preventDefault();
      void attach(files);
    } else if (pasted.length > LONG_PASTE) {
      event.preventDefault();
      attached.value = [...attached.value, { name: "Pasted text", size: pasted.length, text: pasted }];
    }
  };
  // The whole page takes them: the browser would leave it to show a file that is dropped beside the box.
  useEffect(() => {
    const onDrag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      over.value = event.type === "dragover";
      if (event.type === "drop") void attach([...event.dataTransfer.files]);
    };
    const onLeave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) over.value = false;
    };
    document.addEventListener("dragover", onDrag);
    document.addEventListener("drop", onDrag);
    document.addEventListener("dragleave", onLeave);
    return () => {
      document.removeEventListener("dragover", onDrag);
      document.removeEventListener("drop", onDrag);
      document.removeEventListener("dragleave", onLeave);
    };
  }, [attached]);
  const empty = text.value.trim() === "" && attached.value.length === 0;
  const isReading = reading.value.length > 0;
  return (
    <form
      class="composer"
      data-over={over.value}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-box">
        {(isReading || attached.value.length > 0) && (
          <ul class="attachments" aria-label="Attached">
            {attached.value.map((one, index) => (
              <li key={index} class="attachment">
                <Icon name="file" size={16} />
                <span class="name">{one.name}</span>
                <small>{formatCount(one.size)} characters</small>
                <button
                  type="button"
                  class="icon-button small"
                  aria-label={`Remove ${one.name}`}
                  onClick={() => (attached.value = attached.value.filter((other) => other !== one))}
                >
                  <Icon name="close" size={14} />
                </button>
              </li>
            ))}
            {reading.value.map((name) => (
              <li key={name} class="attachment" aria-busy="true">
                <Icon name="file" size={16} />
                <span class="name">{name}</span>
                <small>reading …</small>
              </li>
            ))}
          </ul>
        )}
        <textarea
          ref={area}
          id="prompt"
          rows={1}
          aria-label="Message"
          placeholder={
            model.value ? "Write a message" : "Write a message; a model has to be deployed to answer"
          }
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onPaste={paste}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <div class="composer-actions">
          <button
            type="button"
            class="icon-button"
            aria-label="Attach text or PDF files"
            title="Attach text or PDF files"
            onClick={() => picker.current?.click()}
          >
            <Icon name="attach" />
          </button>
          <input
            ref={picker}
            class="visually-hidden"
            type="file"
            multiple
            tabIndex={-1}
            aria-label="Files to attach"
            onChange={(event) => {
              void attach([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = "";
            }}
          />
          <span class="keys" aria-hidden="true">
            <kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> is a new line
          </span>
          {running.value ? (
            <button
              type="button"
              class="send stop"
              aria-label="Stop the answer"
              title="Stop (Esc)"
              // The second click of a double one was meant for the button that was here before.
              onClick={(event) => event.detail < 2 && void running.value?.stop()}
            >
              <Icon name="stop" />
            </button>
          ) : (
            <button type="submit" class="send" aria-label="Send" title="Send" disabled={empty || isReading}>
              <Icon name="send" />
            </button>
          )}
        </div>
      </div>
      <p class="fine-print">Models make mistakes; check what matters.</p>
    </form>
  );
}
