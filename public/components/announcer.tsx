import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { running } from "../state/chat.ts";
import { current } from "../state/conversations.ts";

/** Tells a screen reader that an answer has begun and is done; the text itself it can read then. */
export function Announcer() {
  const text = useSignal("");
  const [conversation, writing] = [current.value.id, running.value !== null];
  const was = useRef({ conversation, writing });
  useEffect(() => {
    // Whoever goes to another conversation has begun and ended nothing.
    if (conversation !== was.current.conversation) text.value = "";
    else if (writing !== was.current.writing)
      text.value = writing ? "The answer is being written" : "The answer is complete";
    was.current = { conversation, writing };
  }, [conversation, writing]);
  return (
    <p class="visually-hidden" role="status">
      {text}
    </p>
  );
}
