import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { GpuStatus } from "../../src/schemas/system.ts";
import { explain, Refusal, send } from "../lib/api.ts";
import { deviceName, formatBytes, shortName } from "../lib/format.ts";
import { apiKey, call, models, comebacks, view } from "../state/server.ts";

type Ready = { ok: boolean; text: string } | null;

/** Whether the server lives and can answer, which model is the current one, and what the machine is. */
export function Health() {
  const { link, status } = view.value;
  const ready = useSignal<Ready>(null);
  const version = useSignal<string | null>(null);
  const states = models.value.map(({ model_name, state }) => `${model_name} ${state}`).join();
  useEffect(() => {
    send("/readyz", { key: apiKey.value }).then(
      () => (ready.value = { ok: true, text: "Ready" }),
      (error: unknown) =>
        (ready.value = error instanceof Refusal ? { ok: false, text: explain(error) } : null),
    );
  }, [states, link]);
  useEffect(() => {
    call<{ version: string }>("/").then(
      (answer) => (version.value = answer.version),
      () => {},
    );
  }, [comebacks.value]);
  const system = status?.system;
  return (
    <dl class="facts-grid">
      <Fact name="Server" good={link === "live" || link === "polling"} bad={link === "away"}>
        {link === "away" ? "Away" : link === "connecting" ? "Connecting" : "Alive"}
        {version.value && <small>Berth {version.value}</small>}
      </Fact>
      <Fact name="Health" good={ready.value?.ok} bad={ready.value?.ok === false}>
        {ready.value?.text ?? "–"}
      </Fact>
      <Fact name="Current model" wide>
        {status ? (
          <span title={status.model_name ?? undefined}>{shortName(status.model_name ?? "none")}</span>
        ) : (
          "–"
        )}
        {status && (
          <small>
            {status.is_loaded
              ? `loaded${status.device ? `, on the ${deviceName(status.device)}` : ""}`
              : status.is_loading
                ? "loading"
                : "not loaded"}
          </small>
        )}
      </Fact>
      <Fact name="Processor">
        {system ? `${system.cpu.usable} of ${system.cpu.cores} CPUs` : "–"}
        {system?.cpu.model && <small>{system.cpu.model}</small>}
      </Fact>
      {(system?.gpu ?? []).map((card, index) => (
        <Fact key={index} name="GPU">
          {card.name}
          <small>{gpuText(card)}</small>
        </Fact>
      ))}
      {system && system.gpu.length === 0 && <Fact name="GPU">none found</Fact>}
      {system?.disk && (
        <Fact name="Disk">
          {formatBytes(system.disk.available)} free
          <small>of {formatBytes(system.disk.total)}</small>
        </Fact>
      )}
    </dl>
  );
}

interface FactProps {
  name: string;
  good?: boolean | undefined;
  bad?: boolean | undefined;
  /** Whether it may be long. */
  wide?: boolean;
  children: preact.ComponentChildren;
}

function Fact({ name, good = false, bad = false, wide = false, children }: FactProps) {
  return (
    <div class={wide ? "fact wide" : "fact"} data-state={bad ? "bad" : good ? "good" : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function gpuText({ memory_total, memory_used, driver, usage_percent }: GpuStatus): string {
  const memory =
    memory_total === null
      ? null
      : memory_used === null
        ? formatBytes(memory_total)
        : `${formatBytes(memory_used)} of ${formatBytes(memory_total)}`;
  const busy = usage_percent === null ? null : `${Math.round(usage_percent)} % busy`;
  return [memory, busy, driver && `driver ${driver}`].filter(Boolean).join(", ");
}
