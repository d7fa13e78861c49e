/**
 * Resolves when `condition` holds; the time is a guard against hanging, not a measurement.
 * @param what is waited for, as the error tells it; a function is asked when it is over
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  withinMs = 5000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end)
      throw new Error(`Not within ${withinMs} ms: ${typeof what === "string" ? what : what()}`);
    await Bun.sleep(5);
  }
}
