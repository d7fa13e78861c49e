import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { isDark } from "../state/preferences.ts";

interface Props {
  /** Unix times in seconds. */
  times: number[];
  values: (number | null)[];
  /** The name of a custom property. */
  colour: string;
  top: number | null;
  format: (value: number) => string;
  /** Steps between the lines of the scale that read well, such as whole gigabytes. */
  steps: number[];
}

const HEIGHT = 120;
const SPAN_S = 300;
const MINUTES = [4, 3, 2, 1, 0];

/** Where the axis ends: samples carry the time of the server, whose clock may be another than the browser's. */
const newest = ({ data: [times] }: uPlot): number => times.at(-1) ?? 0;

/** A line over the last minutes. What it shows stands beside it in words, so it is hidden from screen readers. */
export function Chart({ times, values, colour, top, format, steps }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const limit = useRef(top);
  limit.current = top;
  useEffect(() => {
    const into = place.current;
    if (!into) return;
    const chart = draw(into, { colour, format, steps, top: () => limit.current });
    plot.current = chart;
    const watch = new ResizeObserver(() => chart.setSize({ width: into.clientWidth, height: HEIGHT }));
    watch.observe(into);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [colour, isDark.value]);
  useEffect(() => {
    plot.current?.setData([times, values]);
  });
  return <div ref={place} class="chart" aria-hidden="true" />;
}

interface Look extends Pick<Props, "colour" | "format" | "steps"> {
  top: () => number | null;
}

function draw(into: HTMLElement, { colour, format, steps, top }: Look): uPlot {
  const style = getComputedStyle(into);
  // Read where it is used: the property itself still says `light-dark(…)`.
  const resolve = (name: string) => {
    into.style.color = `var(${name})`;
    const { color } = getComputedStyle(into);
    into.style.color = "";
    return color;
  };
  const line = resolve(colour);
  const axis = { stroke: resolve("--muted"), font: `11px ${style.fontFamily}`, ticks: { show: false } };
  const grid = { stroke: resolve("--line"), width: 1 };
  return new uPlot(
    {
      width: into.clientWidth,
      height: HEIGHT,
      padding: [8, 14, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: true, range: (plot) => [newest(plot) - SPAN_S, newest(plot)] },
        y: { range: (_, __, highest) => [0, Math.max(top() ?? 0, (highest ?? 0) * 1.05, 1)] },
      },
      axes: [
        {
          ...axis,
          size: 22,
          space: 70,
          grid: { show: false },
          splits: (plot) => MINUTES.map((minutes) => newest(plot) - minutes * 60),
          values: () => MINUTES.map((minutes) => (minutes === 0 ? "now" : `−${minutes} min`)),
        },
        {
          ...axis,
          size: 52,
          space: 26,
          incrs: steps,
          grid,
          values: (_, splits) => splits.map((value) => format(value)),
        },
      ],
      series: [
        {},
        {
          stroke: line,
          width: 1.75,
          fill: line.replace(/^rgb\((.*)\)$/, "rgba($1, 0.12)"),
          points: { show: false },
          spanGaps: true,
        },
      ],
    },
    [[], []],
    into,
  );
}
