import { effect, type Signal, signal } from "@preact/signals";

const PREFIX = "berth:";

/**
 * A signal that this browser remembers, the same in every tab; where it may not remember, the signal works all the
 * same.
 */
export function stored<T>(name: string, initial: T): Signal<T> {
  const value = signal(read(name, initial));
  let first = true;
  effect(() => {
    const now = value.value;
    if (!first) write(name, now);
    first = false;
  });
  // Another tab wrote it, or all was cleared.
  addEventListener("storage", (event) => {
    const { key } = event as StorageEvent;
    if (key === PREFIX + name || key === null) value.value = read(name, initial);
  });
  return value;
}

function read<T>(name: string, initial: T): T {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? initial : (JSON.parse(text) as T);
  } catch {
    return initial;
  }
}

function write(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Private windows and full disks forget.
  }
}
