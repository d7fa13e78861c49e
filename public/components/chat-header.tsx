import { changedCount } from "../lib/sampling.ts";
import { startNew } from "../state/chat.ts";
import { current } from "../state/conversations.ts";
import { drawerOpen, narrow } from "../state/drawer.ts";
import { overlay } from "../state/overlay.ts";
import { sidebarOpen } from "../state/preferences.ts";
import { toggleSidebar } from "../state/shortcuts.ts";
import { Icon } from "./icon.tsx";
import { ModelPicker } from "./model-picker.tsx";

export function ChatHeader() {
  const { sampling, system } = current.value;
  const changed = changedCount(sampling) + (system.trim() ? 1 : 0);
  return (
    <header class="view-header">
      <SidebarButton />
      <ModelPicker />
      <h1 class="conversation-title">{current.value.messages.length > 0 ? current.value.title : ""}</h1>
      <button
        type="button"
        class="icon-button"
        aria-label="Show this request as code"
        title="Show this request as code"
        onClick={() => (overlay.value = "code")}
      >
        <Icon name="code" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={changed > 0 ? `Settings, ${changed} changed` : "Settings"}
        title="System prompt and sampling"
        onClick={() => (overlay.value = "settings")}
      >
        <Icon name="settings" />
        {changed > 0 && <span class="dot" aria-hidden="true" />}
      </button>
      <button
        type="button"
        class="icon-button only-narrow"
        aria-label="New conversation"
        title="New conversation"
        onClick={startNew}
      >
        <Icon name="edit" />
      </button>
    </header>
  );
}

export function SidebarButton() {
  const isOpen = narrow.value ? drawerOpen.value : sidebarOpen.value;
  return (
    <button
      type="button"
      class="icon-button sidebar-button"
      aria-label="Sidebar"
      aria-controls="sidebar"
      aria-expanded={isOpen}
      title="Sidebar (Ctrl B)"
      onClick={toggleSidebar}
    >
      <Icon name="sidebar" />
    </button>
  );
}
