import { startNew } from "../state/chat.ts";
import { drawerOpen } from "../state/drawer.ts";
import { overlay } from "../state/overlay.ts";
import { type Theme, theme } from "../state/preferences.ts";
import { chatPath, route, type View } from "../state/route.ts";
import { view } from "../state/server.ts";
import { ConversationList } from "./conversation-list.tsx";
import { Icon, type IconName } from "./icon.tsx";

const VIEWS: { view: View; name: string; icon: IconName }[] = [
  { view: "chat", name: "Chat", icon: "chat" },
  { view: "models", name: "Models", icon: "models" },
  { view: "system", name: "System", icon: "system" },
];

const LINKS = {
  connecting: "Connecting",
  live: "Live",
  polling: "Connected",
  away: "Away",
  locked: "Wants a key",
} as const;

const THEMES: Record<Theme, { next: Theme; icon: IconName; name: string }> = {
  system: { next: "light", icon: "auto", name: "Theme: as the system" },
  light: { next: "dark", icon: "sun", name: "Theme: light" },
  dark: { next: "system", icon: "moon", name: "Theme: dark" },
};

/** At once; with a key held down, the browser opens it elsewhere as it would any link. */
function begin(event: MouseEvent): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  drawerOpen.value = false;
  startNew();
  document.getElementById("prompt")?.focus();
}

/** Where one is, where one can go, and what was said before. */
export function Sidebar() {
  const { next, icon, name } = THEMES[theme.value];
  return (
    <aside class="sidebar" id="sidebar" aria-label="Navigation">
      <div class="brand">
        <img src="/static/icon.svg" alt="" width="28" height="28" />
        <span>Berth</span>
        <span class="link" data-link={view.value.link} role="status">
          {LINKS[view.value.link]}
        </span>
      </div>
      <nav aria-label="Views">
        {VIEWS.map((one) => (
          <a
            key={one.view}
            href={`#/${one.view}`}
            aria-current={route.value.view === one.view ? "page" : undefined}
          >
            <Icon name={one.icon} />
            {one.name}
          </a>
        ))}
      </nav>
      <a class="button new-chat" href={chatPath(null)} onClick={begin}>
        <Icon name="plus" size={17} />
        New conversation
      </a>
      <ConversationList />
      <footer>
        <button
          type="button"
          class="icon-button"
          aria-label={name}
          title={name}
          onClick={() => (theme.value = next)}
        >
          <Icon name={icon} />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="API key"
          title="API key"
          onClick={() => (overlay.value = "key")}
        >
          <Icon name="key" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts"
          onClick={() => (overlay.value = "shortcuts")}
        >
          <Icon name="keyboard" />
        </button>
        <a class="icon-button" href="/docs" aria-label="API reference" title="API reference">
          <Icon name="book" />
        </a>
      </footer>
    </aside>
  );
}
