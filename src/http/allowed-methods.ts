import type { AnyElysia } from "elysia";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Elysia's router, of which only the look-up is used. */
export type Router = Pick<AnyElysia["router"], "http" | "static">;

/**
 * The methods that a path answers, empty when it is unknown. Elysia answers 404 to a wrong method;
 * the same look-up with the other methods tells a wrong method from an unknown path.
 */
export function allowedMethods(router: Router, path: string): string[] {
  const exact = router.static[path] ?? router.static[looseForm(path)] ?? {};
  const methods: string[] = METHODS.filter(
    (method) => method in exact || "ALL" in exact || router.http.find(method, path),
  );
  if (methods.includes("GET")) methods.push("HEAD");
  if (methods.length > 0) methods.push("OPTIONS");
  return methods;
}

/** Elysia serves `/health/` as `/health` and the other way round. */
function looseForm(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
}
