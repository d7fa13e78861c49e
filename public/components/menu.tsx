import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  label: string;
  button: ComponentChildren;
  class?: string;
  /** `menu` holds commands; `dialog` anything else. */
  kind?: "menu" | "dialog";
  children: (close: () => void) => ComponentChildren;
}

/** A button that opens something small beside itself; arrows move in it, Escape and leaving close it. */
export function Menu({ label, button, class: name = "icon-button small", kind = "menu", children }: Props) {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const close = (focus = true) => {
    open.value = false;
    if (focus) root.current?.querySelector<HTMLElement>(".menu-button")?.focus();
  };
  useLayoutEffect(() => {
    if (!open.value) return;
    const menu = root.current?.querySelector(".menu-items");
    // What comes later makes it wider: the files on this machine, for one.
    const watch = new ResizeObserver(() => place(root.current));
    if (menu) watch.observe(menu);
    place(root.current);
    items(root.current)[0]?.focus();
    const outside = ({ target }: Event) => {
      if (target instanceof Node && !root.current?.contains(target)) close(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      watch.disconnect();
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open.value]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open.value) return;
    const all = items(root.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (
      step !== undefined &&
      !(event.target instanceof HTMLInputElement && kind === "dialog" && all.length < 2)
    ) {
      event.preventDefault();
      all.at((at + step + all.length) % all.length)?.focus();
    }
  };
  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <button
        type="button"
        class={`menu-button ${name}`}
        aria-label={label}
        title={label}
        aria-haspopup={kind}
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        {button}
      </button>
      {open.value && (
        <div class="menu-items" role={kind} aria-label={label}>
          {children(() => close())}
        </div>
      )}
    </div>
  );
}

const items = (root: HTMLElement | null): HTMLElement[] => [
  ...(root?.querySelectorAll<HTMLElement>(".menu-items :is(button, a, input):not(:disabled)") ?? []),
];

/** Keeps the menu on the screen, whatever scrolls around it. */
function place(root: HTMLElement | null): void {
  const menu = root?.querySelector<HTMLElement>(".menu-items");
  const button = root?.querySelector(".menu-button")?.getBoundingClientRect();
  if (!menu || !button) return;
  const { width, height } = menu.getBoundingClientRect();
  const left = Math.max(8, Math.min(button.left, innerWidth - width - 8));
  const below = button.bottom + 6 + height <= innerHeight - 8;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? button.bottom + 6 : Math.max(8, button.top - height - 6)}px`;
}
