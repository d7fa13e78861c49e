import { type Static, Type } from "@sinclair/typebox";

/** Where a model runs; `auto` takes the best device that is really there. */
export type Device = Static<typeof Device>;
export const Device = Type.Union(
  [
    Type.Literal("auto"),
    Type.Literal("cpu"),
    Type.Literal("cuda"),
    Type.Literal("vulkan"),
    Type.Literal("metal"),
  ],
  { $id: "Device", description: "Where the model runs; `auto` takes the best device that is there" },
);
