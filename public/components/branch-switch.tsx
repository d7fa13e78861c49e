import { type Message, siblings } from "../lib/conversation.ts";
import { running, showBranch } from "../state/chat.ts";
import { current } from "../state/conversations.ts";
import { Icon } from "./icon.tsx";

/** Steps between the alternatives of a message, where there are any. */
export function BranchSwitch({ message }: { message: Message }) {
  const all = siblings(current.value, message);
  const at = all.findIndex(({ id }) => id === message.id);
  if (all.length < 2) return null;
  const step = (by: number) => {
    const to = all[at + by];
    if (to) showBranch(to.id);
  };
  const busy = running.value !== null;
  return (
    <div class="branch-switch" role="group" aria-label="Versions">
      <button
        type="button"
        class="icon-button small"
        aria-label="Version before"
        disabled={busy || at === 0}
        onClick={() => step(-1)}
      >
        <Icon name="left" size={15} />
      </button>
      <span>
        {at + 1} / {all.length}
      </span>
      <button
        type="button"
        class="icon-button small"
        aria-label="Next version"
        disabled={busy || at === all.length - 1}
        onClick={() => step(1)}
      >
        <Icon name="right" size={15} />
      </button>
    </div>
  );
}
