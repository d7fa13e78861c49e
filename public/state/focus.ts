const FOCUSABLE = ":is(a[href], button, input, select, textarea):not(:disabled)";

/** What is likely to have a next step for whoever just took one in it. */
const NEIGHBOURHOOD = "li, .question";

let held: Element | null = null;
/** From the inside out, as they were when `held` got the focus: afterwards nobody knows where it was. */
let around: Element[] = [];

/**
 * Keeps the focus near where it was when the element that has it goes: a button that was for one moment, a
 * message that was deleted, a deployment that has ended. Left alone, the browser would go back to the top.
 */
export function keepFocus(): void {
  document.addEventListener("focusin", ({ target }) => {
    held = target instanceof Element ? target : null;
    around = held ? ancestors(held) : [];
  });
  document.addEventListener("focusout", () => {
    // Whoever clicks beside everything means to leave; what is gone or disabled was left by nobody.
    queueMicrotask(() => {
      if (held?.isConnected && !isDisabled(held) && document.activeElement === document.body) held = null;
    });
  });
  new MutationObserver(look).observe(document.body, {
    childList: true,
    subtree: true,
    attributeFilter: ["disabled"],
  });
}

function look(): void {
  if (held === null) return;
  const active = document.activeElement;
  if (active !== null && active !== document.body && active !== held) return;
  if (!held.isConnected || (isDisabled(held) && held.closest(".composer"))) moveOn();
  // It was disabled for as long as its work took.
  else if (active === document.body && !isDisabled(held) && held instanceof HTMLElement) held.focus();
}

function moveOn(): void {
  held = null;
  for (const place of around) {
    if (!place.isConnected) continue;
    const next = place.matches(NEIGHBOURHOOD) ? place.querySelector<HTMLElement>(FOCUSABLE) : null;
    if (next) return next.focus({ preventScroll: true });
    if (place instanceof HTMLElement && place.matches("section, main, dialog")) return goTo(place);
  }
}

function goTo(place: HTMLElement): void {
  const prompt = place.matches(".chat, main") ? document.getElementById("prompt") : null;
  // On a phone its keyboard would cover half of the page.
  if (prompt && matchMedia("(pointer: fine)").matches) return prompt.focus();
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

function ancestors(element: Element): Element[] {
  const all: Element[] = [];
  for (let at = element.parentElement; at; at = at.parentElement) all.push(at);
  return all;
}

const isDisabled = (element: Element): boolean => element.matches(":disabled");
