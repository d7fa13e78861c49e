import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import type { Token, Tokens } from "marked";
import { plural } from "../lib/format.ts";

/** More rows than these are shown on request only: a model can write a table that no page survives. */
const ROWS = 200;
const COLUMNS = 50;

/** A table that scrolls by itself when it is wide. */
export function Table({
  table,
  cell,
}: {
  table: Tokens.Table;
  cell: (tokens: Token[]) => ComponentChildren;
}) {
  const all = useSignal(false);
  const rows = all.value ? table.rows : table.rows.slice(0, ROWS);
  const hidden = table.rows.length - rows.length;
  const beyond = table.header.length - COLUMNS;
  return (
    <div class="table" role="region" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {table.header.slice(0, COLUMNS).map(({ tokens, align }, index) => (
              <th key={index} scope="col" data-align={align}>
                {cell(tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.slice(0, COLUMNS).map(({ tokens, align }, at) => (
                <td key={at} data-align={align}>
                  {cell(tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {hidden > 0 && (
        <button type="button" class="quiet" onClick={() => (all.value = true)}>
          Show {hidden.toLocaleString("en")} more rows
        </button>
      )}
      {beyond > 0 && <p class="muted">{plural(beyond, "more column")} can not be shown; a copy has them.</p>}
    </div>
  );
}
