import { useSignalEffect } from "@preact/signals";
import { current } from "../state/conversations.ts";
import { drawerOpen } from "../state/drawer.ts";
import { overlay } from "../state/overlay.ts";
import { sidebarOpen } from "../state/preferences.ts";
import { route } from "../state/route.ts";
import { keyWanted } from "../state/server.ts";
import { AwayBanner } from "./away-banner.tsx";
import { ChatView } from "../views/chat.tsx";
import { KeyDialog } from "./key-dialog.tsx";
import { Late } from "./late.tsx";
import { Notices } from "./notices.tsx";
import { ShortcutsDialog } from "./shortcuts-dialog.tsx";
import { Sidebar } from "./sidebar.tsx";

const modelsView = () => import("../views/models.tsx").then((module) => module.ModelsView);
const systemView = () => import("../views/system.tsx").then((module) => module.SystemView);

/** The whole page: the sidebar, one view, and what lies over them. */
export function App() {
  useSignalEffect(() => {
    const { view } = route.value;
    const name = view === "models" ? "Models" : view === "system" ? "System" : current.value.title;
    document.title = view === "chat" && current.value.messages.length === 0 ? "Berth" : `${name} · Berth`;
  });
  useSignalEffect(() => {
    // Whoever went somewhere wants to see it.
    if (route.value) overlay.value = null;
  });
  const { view } = route.value;
  return (
    <div
      class="app"
      data-sidebar={sidebarOpen.value ? "open" : "closed"}
      data-drawer={drawerOpen.value ? "open" : "closed"}
    >
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Sidebar />
      {drawerOpen.value && <div class="scrim" onClick={() => (drawerOpen.value = false)} />}
      <main class="main" id="main" tabIndex={-1}>
        <AwayBanner />
        {view === "chat" && <ChatView />}
        {view === "models" && <Late key="models" load={modelsView} />}
        {view === "system" && <Late key="system" load={systemView} />}
      </main>
      <Notices />
      {overlay.value === "shortcuts" && <ShortcutsDialog />}
      {(keyWanted.value || overlay.value === "key") && <KeyDialog />}
    </div>
  );
}

/** Not by the address, which is the route. */
function skip(event: Event): void {
  event.preventDefault();
  drawerOpen.value = false;
  document.getElementById("main")?.focus();
}
