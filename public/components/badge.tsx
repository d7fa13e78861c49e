import type { ComponentChildren } from "preact";
import type { Verdict } from "../lib/fits.ts";

/** A word or two that say how something stands; the colour only repeats it. */
export function Badge({ verdict, children }: { verdict?: Verdict; children: ComponentChildren }) {
  return (
    <span class="badge" data-verdict={verdict}>
      {children}
    </span>
  );
}
