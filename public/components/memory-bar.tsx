import { formatBytes } from "../lib/format.ts";

interface Parts {
  weights: number;
  kv_cache: number;
  compute: number;
  gpu?: number;
}

const NAMES = [
  ["weights", "weights"],
  ["kv_cache", "KV cache"],
  ["compute", "buffers"],
] as const;

/** What memory a model takes, by what it is for; all of it, or of what the machine has. */
export function MemoryBar({ parts, of }: { parts: Parts; of?: number }) {
  const sum = NAMES.reduce((total, [key]) => total + parts[key], 0);
  const whole = Math.max(of ?? sum, sum, 1);
  return (
    <div class="memory">
      <div class="memory-bar" aria-hidden="true">
        {NAMES.map(([key]) => (
          <span key={key} data-part={key} style={{ width: `${(100 * parts[key]) / whole}%` }} />
        ))}
      </div>
      <p class="facts">
        <strong>
          {formatBytes(sum)}
          {of !== undefined && ` of ${formatBytes(of)}`}
        </strong>
        {NAMES.map(([key, name]) => (
          <span key={key} class="legend" data-part={key}>
            {name} {formatBytes(parts[key])}
          </span>
        ))}
        {!!parts.gpu && <span>{formatBytes(parts.gpu)} on the GPU</span>}
      </p>
    </div>
  );
}
