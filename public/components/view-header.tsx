import type { ComponentChildren } from "preact";
import { SidebarButton } from "./chat-header.tsx";

export function ViewHeader({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <header class="view-header">
      <SidebarButton />
      <h1 id="view-title">{title}</h1>
      {children}
    </header>
  );
}
