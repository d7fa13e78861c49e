import type { Conversation } from "./conversation.ts";

export interface Group {
  name: string;
  conversations: Conversation[];
}

/** What the list shows: the pinned first, then by when they were last used, newest first. */
export function grouped(conversations: Iterable<Conversation>, now: number): Group[] {
  const sorted = [...conversations].sort((a, b) => b.updated - a.updated);
  const groups = new Map<string, Conversation[]>();
  for (const name of ["Pinned", "Today", "Yesterday", "Last 7 days", "Last 30 days", "Older"])
    groups.set(name, []);
  for (const conversation of sorted)
    groups.get(conversation.pinned ? "Pinned" : ageName(conversation.updated, now))?.push(conversation);
  return Array.from(groups, ([name, list]) => ({ name, conversations: list })).filter(
    (group) => group.conversations.length > 0,
  );
}

function ageName(time: number, now: number): string {
  const days = Math.round((midnight(now) - midnight(time)) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return days <= 7 ? "Last 7 days" : days <= 30 ? "Last 30 days" : "Older";
}

const midnight = (time: number) => new Date(time).setHours(0, 0, 0, 0);

/** Whether every word of the search stands somewhere in the title, the messages or the names of attached files. */
export function matches(conversation: Conversation, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const said = conversation.messages.flatMap(({ content, attachments = [] }) => [
    content,
    ...attachments.map(({ name }) => name),
  ]);
  const text = [conversation.title, ...said].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}
