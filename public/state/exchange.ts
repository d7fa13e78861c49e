import { explain } from "../lib/api.ts";
import type { Conversation } from "../lib/conversation.ts";
import { readExport, writeExport } from "../lib/exchange.ts";
import { newId } from "../lib/id.ts";
import { plural } from "../lib/format.ts";
import { conversations, save } from "./conversations.ts";
import { notify } from "./notices.ts";

/** Hands conversations to the person as a file. */
export function exportConversations(list: Conversation[]): void {
  const url = URL.createObjectURL(new Blob([writeExport(list)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  const [only] = list;
  const name = list.length === 1 && only ? only.title : "conversations";
  link.download = `${name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Takes conversations from such a file, beside those that are there. */
export async function importConversations(file: File): Promise<void> {
  try {
    const read = readExport(await file.text(), (id) => conversations.value.has(id), newId);
    for (const one of read) save(one);
    notify(`${plural(read.length, "conversation")} imported.`);
  } catch (error) {
    notify(explain(error), "error");
  }
}
