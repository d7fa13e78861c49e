type Json = string | number | boolean | null | Json[] | JsonObject;
interface JsonObject {
  [key: string]: Json;
}

export interface Specification {
  paths: Record<string, object>;
}

/** A route as far as its documentation goes. */
interface DocumentedRoute {
  method: string;
  path: string;
  hooks: { detail?: { hide?: boolean } };
}

/**
 * The plugin's specification as OpenAPI 3.1, whose schemas are JSON schemas such as TypeBox writes: a
 * schema with a name stands once below `components` and is referred to, unions of literals are enums.
 * Routes that end in a wildcard, which the plugin leaves out, are added with the rest as `{id}`.
 */
export function tidySpecification(raw: Specification, routes: DocumentedRoute[]): object {
  const whole = { ...raw, paths: { ...raw.paths, ...wildcardPaths(routes) } };
  const schemas = new Map<string, Json>();
  // Only JSON is left of what TypeBox keeps beside it.
  const tidied = tidy(JSON.parse(JSON.stringify(whole)) as Json, schemas) as JsonObject;
  return { ...tidied, openapi: "3.1.0", components: { schemas: sorted(schemas) } };
}

function wildcardPaths(routes: DocumentedRoute[]): Record<string, object> {
  const id = { name: "id", in: "path", required: true, schema: { type: "string" } };
  const documented = routes.filter(
    ({ path, hooks }) => path.endsWith("/*") && hooks.detail && !hooks.detail.hide,
  );
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, hooks } of documented) {
    const operations = (paths[`${path.slice(0, -1)}{id}`] ??= {});
    operations[method.toLowerCase()] = { ...hooks.detail, parameters: [id] };
  }
  return paths;
}

function tidy(value: Json, schemas: Map<string, Json>): Json {
  if (Array.isArray(value)) return value.map((item) => tidy(item, schemas));
  if (value === null || typeof value !== "object") return value;
  const { $id: name, ...rest } = value;
  if (typeof name !== "string") return asEnum(tidyMembers(rest, schemas));
  if (!schemas.has(name)) {
    // Reserved first, in case the schema holds itself.
    schemas.set(name, {});
    schemas.set(name, asEnum(tidyMembers(rest, schemas)));
  }
  return { $ref: `#/components/schemas/${name}` };
}

function tidyMembers(object: JsonObject, schemas: Map<string, Json>): JsonObject {
  const members = Object.entries(object).filter(
    ([key, value]) => !(key === "parameters" && Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(members.map(([key, value]) => [key, tidy(value, schemas)]));
}

/** `anyOf` of constants of one type → `enum`, which every reader shows well. */
function asEnum(schema: JsonObject): JsonObject {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length === 0) return schema;
  const constants = anyOf.flatMap((branch) => (isConstant(branch) ? [branch] : []));
  const type = constants[0]?.type;
  if (constants.length !== anyOf.length || constants.some((constant) => constant.type !== type))
    return schema;
  return { ...rest, type: type ?? "string", enum: constants.map((constant) => constant["const"]) };
}

function isConstant(schema: Json): schema is JsonObject & { const: Json; type: string } {
  return typeof schema === "object" && schema !== null && "const" in schema && "type" in schema;
}

function sorted(schemas: Map<string, Json>): JsonObject {
  return Object.fromEntries([...schemas].toSorted(([a], [b]) => a.localeCompare(b)));
}
