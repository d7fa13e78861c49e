import { useComputed } from "@preact/signals";
import { Announcer } from "../components/announcer.tsx";
import { ChatHeader } from "../components/chat-header.tsx";
import { CodeDialog } from "../components/code-dialog.tsx";
import { Composer } from "../components/composer.tsx";
import { MessageList } from "../components/message-list.tsx";
import { SettingsPanel } from "../components/settings-panel.tsx";
import { Welcome } from "../components/welcome.tsx";
import { current, loaded } from "../state/conversations.ts";
import { overlay } from "../state/overlay.ts";
import { route } from "../state/route.ts";

/** The conversation of the address, and where one writes. */
export function ChatView() {
  const empty = useComputed(() => current.value.messages.length === 0);
  // An address from before the conversations are read: neither a welcome nor "not found" would be true yet.
  const reading = route.value.conversation !== null && !loaded.value;
  return (
    <section class="chat" aria-label="Chat">
      <ChatHeader />
      {reading ? <div class="messages" aria-busy="true" /> : empty.value ? <Welcome /> : <MessageList />}
      {!reading && <Composer key={current.value.id} />}
      <Announcer />
      {overlay.value === "settings" && <SettingsPanel />}
      {overlay.value === "code" && <CodeDialog />}
    </section>
  );
}
