/** Anything the program may read, or a launcher may have left, of the environment that tests run in. */
const OURS = /^(?:BERTH_|API_|LOG_LEVEL$|HF_|HUGGING_?FACE_|XDG_CACHE_HOME$|npm_|NO_COLOR$|FORCE_COLOR$)/;

/** An environment without what the program or its colours heed: a developer's token, cache and settings stay out. */
export function plainEnvironment(
  env: Record<string, string | undefined> = process.env,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OURS.test(name)));
}
