import type { Activity } from "./engine.ts";

/** Of a model that has done nothing yet. */
export const noActivity = (): Activity => ({
  busySlots: 0,
  queued: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  decodes: 0,
});
