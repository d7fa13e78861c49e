import { type Static, Type } from "@sinclair/typebox";
import { Maybe, Nullable } from "./shared.ts";

export type DownloadState = Static<typeof DownloadState>;
export const DownloadState = Type.Union(
  [
    Type.Literal("queued"),
    Type.Literal("downloading"),
    Type.Literal("verifying"),
    Type.Literal("paused"),
    Type.Literal("completed"),
    Type.Literal("failed"),
    Type.Literal("cancelled"),
  ],
  { $id: "DownloadState" },
);

export type DownloadStatus = Static<typeof DownloadStatus>;
/** A download as `GET /downloads` and the events show it; never a token. */
export const DownloadStatus = Type.Object(
  {
    id: Type.String(),
    model_name: Type.String({ description: "What to deploy it by, once it is there" }),
    source: Type.String({ description: "Repository or address" }),
    state: DownloadState,
    files: Type.Integer({ description: "More than one where a model is split" }),
    total_bytes: Nullable(Type.Integer({ description: "Null until it is known" })),
    downloaded_bytes: Type.Integer(),
    progress: Nullable(Type.Number({ description: "Of the download, or of the verification; 0 to 1" })),
    bytes_per_second: Type.Number(),
    eta_seconds: Nullable(Type.Integer()),
    created: Type.Integer({ description: "Unix time in seconds" }),
    note: Nullable(Type.String({ description: "Why it waits at the moment" })),
    error: Nullable(Type.String({ description: "Why it failed" })),
  },
  { $id: "Download" },
);

export type DownloadList = Static<typeof DownloadList>;
export const DownloadList = Type.Object(
  { downloads: Type.Array(DownloadStatus, { description: "Oldest first" }) },
  { $id: "DownloadList" },
);

export type PullRequest = Static<typeof PullRequest>;
export const PullRequest = Type.Object(
  {
    model: Maybe(
      Type.String({
        minLength: 1,
        description: "`user/repo`, `user/repo:Q4_K_M`, `user/repo/file.gguf` or an address; or as model_name",
      }),
    ),
    model_name: Maybe(Type.String({ minLength: 1 })),
    hf_token: Maybe(Type.String({ description: "Never logged, stored or echoed" })),
    load_in_8bit: Maybe(Type.Boolean({ description: "Take the Q8_0 file" })),
    load_in_4bit: Maybe(Type.Boolean({ description: "Take the Q4_K_M file" })),
    stream: Maybe(Type.Boolean({ description: "Answer with the events of the download instead" })),
  },
  {
    $id: "PullRequest",
    additionalProperties: true,
    examples: [{ model: "Qwen/Qwen3-0.6B-GGUF:Q8_0" }],
  },
);

export type PullAnswer = Static<typeof PullAnswer>;
export const PullAnswer = Type.Object(
  {
    message: Type.String(),
    model_name: Type.String({ description: "What to deploy it by" }),
    status: Type.Union([Type.Literal("present"), DownloadState]),
    download: Nullable(DownloadStatus),
  },
  { $id: "PullAnswer" },
);
