import { useComputed, useSignal } from "@preact/signals";
import type { Conversation } from "../lib/conversation.ts";
import { grouped, matches } from "../lib/conversation-list.ts";
import { conversations, loaded } from "../state/conversations.ts";
import { exportConversations, importConversations } from "../state/exchange.ts";
import { chatPath, route } from "../state/route.ts";
import { generations } from "../state/generation.ts";
import { ConversationMenu } from "./conversation-menu.tsx";
import { Icon } from "./icon.tsx";
import { RenameField } from "./rename-field.tsx";

/** What was said before: searched, grouped by age, and each with a menu. */
export function ConversationList() {
  const search = useSignal("");
  const renaming = useSignal<string | null>(null);
  const found = useComputed(() =>
    grouped(
      [...conversations.value.values()].filter((one) => matches(one, search.value)),
      Date.now(),
    ),
  );
  const any = conversations.value.size > 0;
  return (
    <section class="conversations" aria-label="Conversations">
      <div class="conversations-head">
        <label class="search">
          <Icon name="search" size={15} />
          <input
            id="search"
            type="search"
            placeholder="Search"
            aria-label="Search conversations"
            autocomplete="off"
            value={search.value}
            onInput={(event) => (search.value = event.currentTarget.value)}
          />
        </label>
        <ImportButton />
        <button
          type="button"
          class="icon-button small"
          aria-label="Export all conversations"
          title="Export all conversations"
          disabled={!any}
          onClick={() => exportConversations([...conversations.value.values()])}
        >
          <Icon name="download" size={16} />
        </button>
      </div>
      <div class="conversations-scroll">
        {found.value.map((group) => (
          <div key={group.name} class="group">
            <h2>{group.name}</h2>
            <ul>
              {group.conversations.map((one) => (
                <li key={one.id}>
                  {renaming.value === one.id ? (
                    <RenameField conversation={one} onEnd={() => (renaming.value = null)} />
                  ) : (
                    <Entry conversation={one} onRename={() => (renaming.value = one.id)} />
                  )}
                </li>
              ))}
            </ul>
          </div>
        ))}
        {loaded.value && found.value.length === 0 && (
          <p class="hint">
            {any
              ? "No conversation has all these words."
              : "Conversations are kept here, in this browser and nowhere else."}
          </p>
        )}
      </div>
    </section>
  );
}

function Entry({ conversation, onRename }: { conversation: Conversation; onRename: () => void }) {
  const shown = route.value.view === "chat" && route.value.conversation === conversation.id;
  return (
    <div class="entry" data-current={shown}>
      <a
        href={chatPath(conversation.id)}
        aria-current={shown ? "page" : undefined}
        title={conversation.title}
      >
        {conversation.title}
      </a>
      {generations.value.has(conversation.id) && <span class="busy" role="img" aria-label="Being answered" />}
      <ConversationMenu conversation={conversation} onRename={onRename} />
    </div>
  );
}

function ImportButton() {
  return (
    <label class="icon-button small" title="Import conversations">
      <Icon name="upload" size={16} />
      <input
        class="visually-hidden"
        type="file"
        accept=".json,application/json"
        aria-label="Import conversations"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file) void importConversations(file);
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}
