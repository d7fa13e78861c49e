import { computed, effect, signal } from "@preact/signals";
import type { Preset, Sampling } from "../lib/sampling.ts";
import { stored } from "./stored.ts";

export type Theme = "system" | "light" | "dark";

export const theme = stored<Theme>("theme", "system");

/** Whether the list of conversations is shown beside the chat, on screens wide enough for both. */
export const sidebarOpen = stored("sidebar", true);

/** The model a new conversation starts with; `null` is whichever is deployed. */
export const chosenModel = stored<string | null>("model", null);

/** What new conversations start with. */
export const defaults = stored<{ system: string; sampling: Sampling }>("defaults", {
  system: "",
  sampling: {},
});

/** A person's own presets. */
export const presets = stored<Preset[]>("presets", []);

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const dark = signal(systemDark.matches);
systemDark.addEventListener("change", () => (dark.value = systemDark.matches));

/** Whether the page is dark now. */
export const isDark = computed(() => (theme.value === "system" ? dark.value : theme.value === "dark"));

effect(() => {
  const root = document.documentElement;
  if (theme.value === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = theme.value;
});
