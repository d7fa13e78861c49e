import { startNew } from "./chat.ts";
import { current } from "./conversations.ts";
import { drawerOpen, narrow } from "./drawer.ts";
import { generations } from "./generation.ts";
import { overlay } from "./overlay.ts";
import { sidebarOpen } from "./preferences.ts";
import { go } from "./route.ts";

interface Shortcut {
  /** As shown, e.g. `Ctrl`, `Shift`, `O`. */
  keys: string[];
  what: string;
}

/** What the page listens to, for the list of shortcuts. */
export const SHORTCUTS: Shortcut[] = [
  { keys: ["Ctrl", "Shift", "O"], what: "New conversation" },
  { keys: ["Ctrl", "K"], what: "Search conversations" },
  { keys: ["Ctrl", "B"], what: "Show or hide the sidebar" },
  { keys: ["Esc"], what: "Stop the answer, or close what is open" },
  { keys: ["Enter"], what: "Send" },
  { keys: ["Shift", "Enter"], what: "New line" },
  { keys: ["/"], what: "Go to the message box" },
  { keys: ["Alt", "1", "2", "3"], what: "Chat, models, system" },
  { keys: ["?"], what: "This list" },
];

/** Shows or hides the sidebar, which is a drawer where there is no room beside. */
export function toggleSidebar(): void {
  if (narrow.value) drawerOpen.value = !drawerOpen.value;
  else sidebarOpen.value = !sidebarOpen.value;
}

/** Shows the list of conversations and puts the cursor into its search. */
function openSearch(): void {
  if (narrow.value) drawerOpen.value = true;
  else sidebarOpen.value = true;
  requestAnimationFrame(() => document.getElementById("search")?.focus());
}

function goToPrompt(): void {
  drawerOpen.value = false;
  document.getElementById("prompt")?.focus();
}

/** By the key and not by what it writes: with Alt, a Mac writes other characters. */
const VIEWS: Readonly<Record<string, string>> = {
  Digit1: "#/chat",
  Digit2: "#/models",
  Digit3: "#/system",
};

export function listenForShortcuts(): void {
  document.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    // Under a modal dialog, the rest of the page is out of reach.
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    if (command && event.shiftKey && key === "o") run(event, startNew);
    else if (command && !event.shiftKey && !event.altKey && key === "k") run(event, openSearch);
    else if (command && !event.shiftKey && !event.altKey && key === "b") run(event, toggleSidebar);
    else if (event.altKey && !command && event.code in VIEWS && !writes(event))
      run(event, () => go(VIEWS[event.code] ?? "#/chat"));
    else if (key === "escape") escape(event.target);
    else if (!isTyping(event.target) && !command && !event.altKey) {
      if (key === "/") run(event, goToPrompt);
      else if (key === "?") run(event, () => (overlay.value = "shortcuts"));
    }
  });
}

function escape(target: EventTarget | null): void {
  if (drawerOpen.value) drawerOpen.value = false;
  // Elsewhere it is for the field that one types in.
  else if (!isTyping(target) || (target as HTMLElement).id === "prompt")
    void generations.value.get(current.value.id)?.stop();
}

/** Whether the keys are one way to type a character: with Alt, keyboards of a Mac have `#` or `|` on digits. */
const writes = ({ target, key }: KeyboardEvent): boolean => isTyping(target) && !/^\d$/.test(key);

function run(event: Event, what: () => void): void {
  event.preventDefault();
  what();
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null;
