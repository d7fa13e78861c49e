import { Type } from "@sinclair/typebox";

/** A whole number of at least `least` in a query string, where every value is text; `Number` reads it. */
export const QueryInteger = (least: 0 | 1, description?: string) =>
  Type.String({
    title: `a whole number of at least ${least}`,
    pattern: least === 0 ? "^\\d{1,9}$" : "^0*[1-9]\\d{0,8}$",
    description,
  });

/** `true` or `false` in a query string. */
export const QueryBoolean = (description?: string) =>
  Type.Union([Type.Literal("true"), Type.Literal("false")], { description });
