import { expect, test } from "bun:test";
import { join } from "node:path";
import { parse } from "yaml";

test("every service of compose.yaml answers to the name by which other containers reach it", async () => {
  const { services } = parse(await Bun.file(join(import.meta.dir, "../../compose.yaml")).text()) as {
    services: Record<string, { environment: { BERTH_ALLOWED_HOSTS: string } }>;
  };
  expect(Object.keys(services).length).toBeGreaterThan(1);
  for (const [name, { environment }] of Object.entries(services))
    expect(environment.BERTH_ALLOWED_HOSTS.split(",")).toContain(name);
});
