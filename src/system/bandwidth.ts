import type { GpuStatus } from "../schemas/system.ts";
import { usableCpus } from "./cpus.ts";

const MIB = 2 ** 20;
const GB = 1e9;

/** Larger than the caches of most processors. */
const BLOCK = 32 * MIB;
const ROUNDS = 3;

/**
 * Memory bandwidth of graphics cards in GB/s, from the makers' data sheets; the first whose name is in the
 * card's counts.
 */
const CARDS: readonly [name: RegExp, gbPerSecond: number][] = [
  [/\bB[23]00\b/, 8000],
  [/\bH200\b/, 4800],
  [/\bH100.*NVL\b/, 3900],
  [/\bH100\b/, 3350],
  [/\bA100.*80\s?GB/, 1935],
  [/\bA100\b/, 1555],
  [/\bL40S?\b/, 864],
  [/\bL4\b/, 300],
  [/\bA40\b/, 696],
  [/\bA10G?\b/, 600],
  [/\bT4\b/, 320],
  [/\bV100\b/, 900],
  [/\bRTX PRO 6000\b/, 1792],
  [/\bRTX 6000 Ada\b/, 960],
  [/\bRTX A6000\b/, 768],
  [/\b5090\b/, 1792],
  [/\b5080\b/, 960],
  [/\b5070 Ti\b/, 896],
  [/\b5070\b/, 672],
  [/\b5060\b/, 448],
  [/\b4090\b/, 1008],
  [/\b4080\b/, 717],
  [/\b4070\b/, 504],
  [/\b4060\b/, 272],
  [/\b3090\b/, 936],
  [/\b3080\b/, 760],
  [/\b3070\b/, 448],
  [/\b3060\b/, 360],
  [/\bMI300X\b/, 5300],
  [/\bMI250X?\b/, 3277],
  [/\b7900 XTX\b/, 960],
  [/\b7900 XT\b/, 800],
];

/** For cards that are not listed: about what a mid-range card has. */
const USUAL_CARD = 400;

/** Of the slowest card, which the others wait for; in bytes a second, `null` without a card. */
export function cardBandwidth(gpus: readonly Pick<GpuStatus, "name">[]): number | null {
  if (gpus.length === 0) return null;
  const rates = gpus.map(({ name }) => CARDS.find(([card]) => card.test(name))?.[1] ?? USUAL_CARD);
  return Math.min(...rates) * GB;
}

/**
 * Bytes a second that all usable CPUs together read from RAM, measured on one by copying and carried over to the
 * others: one CPU does not keep all memory channels busy, two gain nearly half, and few machines have more than
 * eight times the channels that one CPU fills. Takes some 20 ms.
 */
export function measureRamBandwidth(cpus = usableCpus()): number {
  const from = new Uint8Array(BLOCK).fill(1);
  const to = new Uint8Array(BLOCK).fill(2);
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    to.set(from);
    best = Math.min(best, performance.now() - started);
  }
  // A copy reads every byte and writes it.
  const one = (2 * BLOCK) / (Math.max(best, 0.01) / 1000);
  return one * Math.sqrt(Math.min(cpus, 8));
}
