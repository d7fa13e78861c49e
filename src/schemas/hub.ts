import { type Static, Type } from "@sinclair/typebox";
import { Nullable } from "./shared.ts";

export type HubModel = Static<typeof HubModel>;
/** A model in a repository: one file, or all parts of a split one. */
export const HubModel = Type.Object(
  {
    name: Type.String({ description: "What to pull or deploy it by" }),
    quantisation: Nullable(Type.String()),
    size: Type.Integer({ description: "Bytes" }),
    files: Type.Integer({ description: "More than one where it is split" }),
    present: Type.Boolean({ description: "Whether it is on this machine" }),
    fit: Type.Union([Type.Literal("gpu"), Type.Literal("memory"), Type.Literal("none")], {
      description:
        "Where it would fit now: in the memory of one GPU, in all memory together, or not. Roughly, by its size; `GET /models/estimate` tells exactly",
    }),
  },
  { $id: "HubModel" },
);

export type HubRepository = Static<typeof HubRepository>;
export const HubRepository = Type.Object(
  {
    id: Type.String(),
    url: Type.String(),
    downloads: Type.Integer(),
    likes: Type.Integer(),
    last_modified: Nullable(Type.String({ description: "ISO 8601" })),
    gated: Type.Union([Type.Literal(false), Type.Literal("auto"), Type.Literal("manual")], {
      description: "Whether its conditions have to be accepted first; `manual` means by its owner",
    }),
    architecture: Nullable(Type.String()),
    parameters: Nullable(Type.Integer()),
    context_length: Nullable(Type.Integer()),
    models: Type.Array(HubModel, { description: "The one that is taken without a quantisation first" }),
  },
  { $id: "HubRepository" },
);

export type HubSearchAnswer = Static<typeof HubSearchAnswer>;
export const HubSearchAnswer = Type.Object(
  { query: Type.String(), repositories: Type.Array(HubRepository, { description: "Most downloaded first" }) },
  { $id: "HubSearch" },
);
