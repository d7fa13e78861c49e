import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { Purpose, RecommendationsAnswer } from "../../schemas/recommendation.ts";
import { recommend } from "../../services/recommender.ts";
import { answers } from "../openapi.ts";
import type { Services } from "../services.ts";

const RecommendationsQuery = Type.Object(
  { purpose: Type.Optional(Type.Union(Purpose.anyOf, { description: "Default `chat`" })) },
  { additionalProperties: true },
);

/** `GET /recommendations` */
export const recommendationRoutes = ({ advisor }: Pick<Services, "advisor">) =>
  new Elysia({ name: "recommendations" }).get(
    "/recommendations",
    async ({ query }) => recommend(query.purpose ?? "chat", await advisor.hardware()),
    {
      query: RecommendationsQuery,
      detail: {
        summary: "Which open models suit this machine",
        description:
          "From a catalogue with its sources: ranked for a purpose by how good they are, how fast they would be here and how much of them fits.",
        tags: ["Models"],
        operationId: "recommendModels",
        responses: answers({ json: RecommendationsAnswer }),
      },
    },
  );
