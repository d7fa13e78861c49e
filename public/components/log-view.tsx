import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { fieldsText, type Level, LEVELS, passes } from "../lib/log-filter.ts";
import { logLines } from "../state/server.ts";

const NEAR = 24;

/** The server's log since the page was opened, by importance and by words. */
export function LogView() {
  const least = useSignal<Level>("info");
  const search = useSignal("");
  const shown = useComputed(() => logLines.value.filter((line) => passes(line, least.value, search.value)));
  const place = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (atEnd.current) place.current?.scrollTo({ top: place.current.scrollHeight });
  }, [shown.value]);
  return (
    <section class="block" aria-labelledby="log-title">
      <div class="block-head">
        <h2 id="log-title">Log</h2>
        <select
          aria-label="Least important lines shown"
          value={least.value}
          onChange={(event) => (least.value = event.currentTarget.value as Level)}
        >
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {level === "debug" ? "everything" : `${level} and above`}
            </option>
          ))}
        </select>
        <input
          type="search"
          aria-label="Filter the log"
          placeholder="Filter"
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
      </div>
      {shown.value.length === 0 ? (
        <p class="empty">
          {logLines.value.length === 0
            ? "Lines appear here as they are written, from now on."
            : "No line passes this filter."}
        </p>
      ) : (
        <ol
          class="log card flush"
          ref={place}
          tabIndex={0}
          aria-label="Lines of the log"
          onScroll={({ currentTarget: at }) =>
            (atEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR)
          }
        >
          {shown.value.map((line) => (
            <li key={line.id} data-level={line.level}>
              <time dateTime={new Date(line.time).toISOString()}>{clock(line.time)}</time>
              <span class="level">{line.level}</span>
              <span class="message-text">
                {line.message} <span class="fields">{fieldsText(line.fields)}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

const clock = (time: number): string => new Date(time).toLocaleTimeString("en-GB");
