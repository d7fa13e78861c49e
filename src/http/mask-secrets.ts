const SECRET_NAME = /token$|secret|password|passphrase|credential|(?:api|private|access)_?keys?$/i;
const MASK = "***";

/** A copy with every value masked whose name says that it is a secret, at any depth. */
export function maskSecrets(settings: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, mask(name, value)]));
}

function mask(name: string, value: unknown): unknown {
  // That a secret is not set is no secret.
  if (value === null || value === undefined) return value;
  if (SECRET_NAME.test(name)) return MASK;
  if (Array.isArray(value)) return value.map((item) => mask("", item));
  return typeof value === "object" ? maskSecrets(value) : value;
}
