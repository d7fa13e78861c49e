import { type Static, type TSchema, Type } from "@sinclair/typebox";

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** OpenAI clients send `null` to mean "unset", so an optional field accepts both. */
export const Maybe = <T extends TSchema>(schema: T) => Type.Optional(Nullable(schema));

export type ErrorBody = Static<typeof ErrorBody>;
/** The body of every failure; `detail` repeats the message for clients of the documented service API. */
export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      message: Type.String(),
      type: Type.String(),
      param: Nullable(Type.String()),
      code: Nullable(Type.String()),
    }),
    detail: Type.Optional(Type.String()),
  },
  { $id: "Error" },
);
