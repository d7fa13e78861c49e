import { render } from "preact";
import { App } from "./components/app.tsx";
import { listenForShortcuts } from "./state/shortcuts.ts";
import { loadConversations } from "./state/conversations.ts";
import { keepFocus } from "./state/focus.ts";
import { refresh } from "./state/server.ts";

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");

refresh();
void loadConversations();
listenForShortcuts();
keepFocus();
render(<App />, root);
