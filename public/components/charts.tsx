import { formatBytes, formatSeconds } from "../lib/format.ts";
import type { Sample } from "../lib/history.ts";
import { history, historyTick, view } from "../state/server.ts";
import { Chart } from "./chart.tsx";

interface Panel {
  title: string;
  column: keyof Sample;
  colour: string;
  format: (value: number) => string;
  /** Where the scale ends at least. */
  top: number | null;
  steps: number[];
}

const BYTES = Array.from({ length: 26 }, (_, power) => 2 ** (power + 20));
const DECADES = [1, 10, 100, 1000, 10_000, 100_000].flatMap((unit) => [unit, 2 * unit, 5 * unit]);
const PERCENT = [25, 50];

/** The last five minutes of the server. */
export function Charts() {
  void historyTick.value;
  const { status, statistics } = view.value;
  const gpu = status?.system.gpu.reduce((sum, card) => sum + (card.memory_total ?? 0), 0) ?? 0;
  const percent = (value: number) => `${Math.round(value)} %`;
  const count = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 0 });
  const panels: Panel[] = [
    { title: "CPU", column: "cpu", colour: "--accent", format: percent, top: 100, steps: PERCENT },
    {
      title: "Memory",
      column: "memory",
      colour: "--chart-2",
      format: formatBytes,
      top: statistics?.memory.total ?? null,
      steps: BYTES,
    },
    ...(gpu > 0
      ? [
          {
            title: "GPU memory",
            column: "gpuMemory",
            colour: "--chart-3",
            format: formatBytes,
            top: gpu,
            steps: BYTES,
          } satisfies Panel,
        ]
      : []),
    {
      title: "Tokens per second",
      column: "tokensPerSecond",
      colour: "--chart-4",
      format: (value) => value.toFixed(value < 100 ? 1 : 0),
      top: 10,
      steps: DECADES,
    },
    {
      title: "Time to first token",
      column: "firstToken",
      colour: "--chart-5",
      format: (value) => formatSeconds(value / 1000),
      top: 100,
      steps: DECADES,
    },
    {
      title: "Busy slots",
      column: "busy",
      colour: "--accent",
      format: count,
      top: statistics?.slots || 4,
      steps: DECADES,
    },
    {
      title: "Waiting requests",
      column: "queued",
      colour: "--chart-3",
      format: count,
      top: 4,
      steps: DECADES,
    },
  ];
  const times = history.samples.map(({ time }) => time);
  return (
    <section class="block" aria-labelledby="charts-title">
      <h2 id="charts-title">Last five minutes</h2>
      <div class="charts">
        {panels.map((panel) => {
          const values = history.column(panel.column);
          const last = values.at(-1) ?? null;
          return (
            <figure key={panel.title} class="card chart-card">
              <figcaption>
                <span>{panel.title}</span>
                <strong>{last === null ? "–" : panel.format(last)}</strong>
              </figcaption>
              <Chart
                times={times}
                values={values}
                colour={panel.colour}
                top={panel.top}
                format={panel.format}
                steps={panel.steps}
              />
            </figure>
          );
        })}
      </div>
    </section>
  );
}
