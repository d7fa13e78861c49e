import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { pathTo } from "../lib/conversation.ts";
import { running } from "../state/chat.ts";
import { current } from "../state/conversations.ts";
import { Answer } from "./answer.tsx";
import { Icon } from "./icon.tsx";
import { Question } from "./question.tsx";

/** How near the end still counts as being there, in pixels. */
const NEAR = 48;

/** The messages shown; the end stays in sight while one is there, and leaves whoever scrolled up in peace. */
export function MessageList() {
  const path = useComputed(() => pathTo(current.value));
  const place = useRef<HTMLDivElement>(null);
  const inside = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const toEnd = () => place.current?.scrollTo({ top: place.current.scrollHeight });

  useEffect(() => {
    atEnd.value = true;
    toEnd();
    // Whatever makes it taller: tokens, a formula that has come, an opened thought.
    const watch = new ResizeObserver(() => {
      if (atEnd.value) toEnd();
    });
    if (inside.current) watch.observe(inside.current);
    return () => watch.disconnect();
  }, [current.value.id]);
  useEffect(() => {
    // Whoever asks wants to see the answer.
    if (!running.value) return;
    atEnd.value = true;
    toEnd();
  }, [running.value?.message]);

  const onScroll = ({ currentTarget: at }: { currentTarget: HTMLElement }) =>
    (atEnd.value = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR);
  return (
    <div class="messages" ref={place} onScroll={onScroll}>
      <div class="column" ref={inside} role="log" aria-label="Messages" aria-live="off">
        {path.value.map((message, index) =>
          message.role === "user" ? (
            <Question key={message.id} message={message} />
          ) : (
            <Answer key={message.id} message={message} last={index === path.value.length - 1} />
          ),
        )}
      </div>
      {!atEnd.value && (
        <button type="button" class="to-end icon-button" aria-label="Go to the end" onClick={toEnd}>
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}
