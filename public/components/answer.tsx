import type { Message } from "../lib/conversation.ts";
import { deleteMessage, fork, goOn, regenerate, running } from "../state/chat.ts";
import { AnswerFacts } from "./answer-facts.tsx";
import { BranchSwitch } from "./branch-switch.tsx";
import { CopyButton } from "./copy-button.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { Markdown } from "./markdown.tsx";
import { Thinking } from "./thinking.tsx";

/** What a model answered, or is answering. */
export function Answer({ message, last }: { message: Message; last: boolean }) {
  const writing = running.value?.message === message.id ? running.value : null;
  const content = writing ? writing.content.value : message.content;
  const thinking = writing ? writing.thinking.value : message.thinking;
  return (
    <article
      class="message answer"
      aria-label={message.model ? `Answer of ${message.model}` : "Answer"}
      aria-busy={writing !== null}
    >
      {thinking && (
        <Thinking text={thinking} ms={message.thinkingMs ?? null} open={writing !== null && content === ""} />
      )}
      <div class="answer-text" data-writing={writing !== null && content !== ""}>
        {writing?.waiting.value ? (
          <span class="waiting" role="img" aria-label="Waiting for the first word" />
        ) : (
          <Markdown text={content} growing={writing !== null} />
        )}
      </div>
      {!writing && <Ending message={message} />}
      <div class="answer-foot">{writing ? null : <Foot message={message} last={last} />}</div>
    </article>
  );
}

function Ending({ message }: { message: Message }) {
  const { ending, error, content, thinking } = message;
  if (ending === "failed")
    return (
      <p class="trouble" role="alert">
        <Icon name="warning" size={17} /> {error}
      </p>
    );
  if (ending === "length") return <p class="ended">It reached its limit of tokens.</p>;
  if (ending === "stopped") return <p class="ended">Stopped.</p>;
  // Only who writes it can say how it ends.
  if (ending === undefined)
    return <p class="ended">Not finished: it is still being written in another tab, or was cut off.</p>;
  if (content === "" && !thinking) return <p class="ended">The answer is empty.</p>;
  return null;
}

function Foot({ message, last }: { message: Message; last: boolean }) {
  const busy = running.value !== null;
  const mayGoOn = last && message.content !== "" && message.ending !== "stop";
  const action = (label: string, icon: IconName, run: () => unknown, title = label) => (
    <button type="button" class="icon-button" aria-label={label} title={title} disabled={busy} onClick={run}>
      <Icon name={icon} size={17} />
    </button>
  );
  return (
    <>
      <div class="message-actions">
        <BranchSwitch message={message} />
        <CopyButton text={message.content} label="Copy answer" />
        {action("Answer again", "retry", () => regenerate(message))}
        {mayGoOn && action("Continue the answer", "forward", () => goOn(message), "Continue")}
        {action("Branch into a new conversation", "branch", () => fork(message))}
        {action(
          "Delete answer and what follows",
          "trash",
          () => deleteMessage(message.id),
          "Delete from here",
        )}
      </div>
      <AnswerFacts message={message} />
    </>
  );
}
