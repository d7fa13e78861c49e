import { effect, signal } from "@preact/signals";
import { route } from "./route.ts";

const media = matchMedia("(max-width: 52rem)");

/** Whether the window has no room for the sidebar beside the page, so that it is a drawer over it. */
export const narrow = signal(media.matches);

/** Whether that drawer is open. */
export const drawerOpen = signal(false);

// Whoever went somewhere wants to see it.
effect(() => {
  if (route.value) drawerOpen.value = false;
});

media.addEventListener("change", () => {
  narrow.value = media.matches;
  drawerOpen.value = false;
});

// While it is open, the page below is out of reach, as it is under a dialog. At once, and not with the next drawing:
// whoever closes it may have a place for the focus.
effect(() => holdFocus(drawerOpen.value));

function holdFocus(open: boolean): void {
  const main = document.getElementById("main");
  if (!main || main.inert === open) return;
  main.inert = open;
  // Only when it is drawn is there something to take the focus.
  if (open) requestAnimationFrame(() => document.querySelector<HTMLElement>(".sidebar nav a")?.focus());
  else if (!main.contains(document.activeElement))
    main.querySelector<HTMLElement>(".sidebar-button")?.focus({ preventScroll: true });
}
