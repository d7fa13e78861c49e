import { overlay } from "../state/overlay.ts";
import { SHORTCUTS } from "../state/shortcuts.ts";
import { Dialog } from "./dialog.tsx";

export function ShortcutsDialog() {
  return (
    <Dialog title="Keyboard shortcuts" onClose={() => (overlay.value = null)}>
      <dl class="shortcuts">
        {SHORTCUTS.map(({ keys, what }) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
