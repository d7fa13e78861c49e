/** The settings as rows, those within others under a dotted name. */
export function settingsRows(
  settings: Record<string, unknown>,
  prefix = "",
): { name: string; value: string }[] {
  return Object.entries(settings).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? settingsRows(value as Record<string, unknown>, `${prefix}${name}.`)
      : [{ name: prefix + name, value: settingText(value) }],
  );
}

function settingText(value: unknown): string {
  if (value === null || value === undefined) return "not set";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(String).join(", ");
  return String(value);
}
