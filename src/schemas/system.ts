import { type Static, Type } from "@sinclair/typebox";
import { Nullable } from "./shared.ts";

export type GpuStatus = Static<typeof GpuStatus>;
export const GpuStatus = Type.Object(
  {
    name: Type.String(),
    vendor: Nullable(Type.String()),
    driver: Nullable(Type.String({ description: "Version of the driver, where one is loaded" })),
    memory_total: Nullable(Type.Integer()),
    memory_used: Nullable(Type.Integer()),
    usage_percent: Nullable(Type.Number()),
  },
  { $id: "Gpu" },
);

export type SystemStatus = Static<typeof SystemStatus>;
/** What this machine has and how much of it is free; bytes, cgroup limits respected. */
export const SystemStatus = Type.Object(
  {
    memory: Type.Object({
      total: Type.Integer({ description: "Bytes this process may use: RAM, or the cgroup limit below it" }),
      used: Type.Integer(),
      available: Type.Integer(),
      percent: Type.Number({ description: "Used, of the total" }),
      process: Type.Integer({ description: "Resident bytes of the server process, engines not counted" }),
    }),
    cpu: Type.Object({
      model: Nullable(Type.String()),
      cores: Type.Integer({ description: "Logical CPUs of the machine" }),
      usable: Type.Number({ description: "CPUs that affinity and cgroup quota really give" }),
      usage_percent: Type.Number({ description: "Of all CPUs of the machine, 0 to 100" }),
    }),
    disk: Nullable(
      Type.Object({
        path: Type.String({ description: "The models directory, which lies on this disk" }),
        total: Type.Integer(),
        used: Type.Integer(),
        available: Type.Integer(),
        percent: Type.Number(),
      }),
    ),
    gpu: Type.Array(GpuStatus),
  },
  { $id: "System" },
);
