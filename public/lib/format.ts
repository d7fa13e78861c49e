const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes as a person reads them, in the units of the server's own messages: `812 MiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 1023.95 would round up to 1024.0 of the smaller unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const exact = unit < 3 ? 9.95 : 99.95;
  const digits = unit === 0 || value >= exact ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Seconds as a person reads them: `340 ms`, `2.4 s`, `3 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A count of weights as model names give it: `1.2 B`, `270 M`. */
export function formatParameters(count: number): string {
  if (count >= 999.5e6) return `${trim(count / 1e9)} B`;
  if (count >= 999.5e3) return `${trim(count / 1e6)} M`;
  if (count >= 1e3) return `${trim(count / 1e3)} K`;
  return String(count);
}

/** `1 token`, `2 tokens`. */
export const plural = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

const trim = (value: number): string => (value >= 99.5 ? value.toFixed(0) : String(Number(value.toFixed(1))));

/** A count in few characters: `950`, `1.2k`, `33k`, `1.5M`. */
export function formatCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 999_500) return `${trim(count / 1000)}k`;
  return `${trim(count / 1e6)}M`;
}

const DEVICES: Record<string, string> = { cpu: "CPU", cuda: "CUDA", vulkan: "Vulkan", metal: "Metal" };

/** What a model runs on, as people write it. */
export const deviceName = (device: string): string => DEVICES[device] ?? device;

/** Of a model's name what tells it from others at a glance: the file or repository, without its owner and ending. */
export const shortName = (name: string): string => name.replace(/^.*\//, "").replace(/\.gguf$/i, "");
