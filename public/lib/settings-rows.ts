export interface SettingRow {
  name: string;
  value: string;
  /** Who set it, such as a variable or an option; `null` for the default. */
  source: string | null;
}

/** The settings as rows, those within others under a dotted name; what somebody set comes first. */
export function settingsRows({ sources, ...settings }: Record<string, unknown>): SettingRow[] {
  const from = (sources ?? {}) as Record<string, string>;
  const rows = flat(settings).map(({ name, value }) => {
    const source = from[name] ?? "default";
    return { name, value: settingText(value), source: source === "default" ? null : source };
  });
  return rows.sort((a, b) => Number(a.source === null) - Number(b.source === null));
}

function flat(settings: Record<string, unknown>, prefix = ""): { name: string; value: unknown }[] {
  return Object.entries(settings).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? flat(value as Record<string, unknown>, `${prefix}${name}.`)
      : [{ name: prefix + name, value }],
  );
}

function settingText(value: unknown): string {
  if (value === null || value === undefined) return "not set";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(String).join(", ");
  return String(value);
}
