import type { Conversation } from "../lib/conversation.ts";
import { conversations, remove, save } from "../state/conversations.ts";
import { exportConversations } from "../state/exchange.ts";
import { generations } from "../state/generation.ts";
import { notify } from "../state/notices.ts";
import { chatPath, replace, route } from "../state/route.ts";
import { Icon } from "./icon.tsx";
import { Menu } from "./menu.tsx";

export function ConversationMenu({
  conversation,
  onRename,
}: {
  conversation: Conversation;
  onRename: () => void;
}) {
  const act = (close: () => void, what: () => void) => () => {
    close();
    what();
  };
  return (
    <Menu label={`Options of ${conversation.title}`} button={<Icon name="more" size={16} />}>
      {(close) => (
        <>
          <button type="button" role="menuitem" onClick={act(close, onRename)}>
            <Icon name="edit" size={16} /> Rename
          </button>
          <button
            type="button"
            role="menuitem"
            onClick={act(close, () => save({ ...conversation, pinned: !conversation.pinned }))}
          >
            <Icon name="pin" size={16} /> {conversation.pinned ? "Unpin" : "Pin"}
          </button>
          <button
            type="button"
            role="menuitem"
            onClick={act(close, () => exportConversations([conversation]))}
          >
            <Icon name="download" size={16} /> Export
          </button>
          <button
            type="button"
            role="menuitem"
            class="danger"
            onClick={act(close, () => void deleteIt(conversation.id))}
          >
            <Icon name="trash" size={16} /> Delete
          </button>
        </>
      )}
    </Menu>
  );
}

/** At once, with a way back: a question before would only be clicked away. */
async function deleteIt(id: string): Promise<void> {
  // What was written of an answer comes back, too.
  await generations.value.get(id)?.stop();
  const conversation = conversations.value.get(id);
  if (!conversation) return;
  remove(id);
  const shown = route.value.conversation === id;
  if (shown) replace(chatPath(null));
  notify("Conversation deleted.", "info", {
    label: "Undo",
    run: () => {
      save(conversation);
      if (shown) replace(chatPath(id));
    },
  });
}
