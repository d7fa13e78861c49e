import type { DeploymentStatus } from "../../src/schemas/deployment.ts";
import { useEffect } from "preact/hooks";
import { again, isUsable, stateName } from "../lib/deployment.ts";
import { deviceName, formatBytes, shortName } from "../lib/format.ts";
import { chooseModel, model } from "../state/chat.ts";
import { current } from "../state/conversations.ts";
import { deploy, diskModels, readDiskModels } from "../state/models.ts";
import { go } from "../state/route.ts";
import { models, view } from "../state/server.ts";
import { Icon } from "./icon.tsx";
import { Menu } from "./menu.tsx";

/** Which model answers: what is deployed, with its state, and the way to more. */
export function ModelPicker() {
  const chosen = models.value.find(({ model_name }) => model_name === model.value);
  const name = model.value ?? (view.value.status ? "No model" : "…");
  const loading = chosen?.state === "loading" || chosen?.state === "downloading";
  const percent = chosen && loading ? `${Math.round(chosen.progress * 100)} %` : null;
  return (
    <Menu
      // Whatever is to be seen is to be heard as well, in the same words.
      label={percent ? `Model: ${shortName(name)} ${percent}` : `Model: ${name}`}
      class="model-button"
      button={
        <>
          <span class="state-dot" data-state={chosen?.state ?? "stopped"} />
          <span class="name">{shortName(name)}</span> {percent && <span class="muted">{percent}</span>}
          <Icon name="down" size={14} />
        </>
      }
    >
      {(close) => (
        <>
          <p class="menu-title">Deployed</p>
          {models.value.length === 0 && <p class="menu-note">Nothing yet.</p>}
          {models.value.map((one) => (
            <Choice
              key={one.model_name}
              model={one}
              onChoose={() => {
                close();
                void choose(one);
              }}
            />
          ))}
          <OnDisk close={close} />
          <hr />
          <button
            type="button"
            role="menuitem"
            onClick={() => {
              close();
              go("#/models");
            }}
          >
            <Icon name="plus" size={16} /> Deploy another model
          </button>
        </>
      )}
    </Menu>
  );
}

/** One that failed is tried again. */
async function choose(one: DeploymentStatus): Promise<void> {
  const { id: conversation } = current.peek();
  if (isUsable(one) || (await deploy(again(one)))) chooseModel(one.model_name, conversation);
}

function Choice({ model: one, onChoose }: { model: DeploymentStatus; onChoose: () => void }) {
  const ready = one.state === "ready";
  const failed = one.state === "failed";
  return (
    <button
      type="button"
      role="menuitemradio"
      aria-checked={model.value === one.model_name}
      class="choice"
      disabled={!isUsable(one) && !failed}
      onClick={onChoose}
    >
      <span class="state-dot" data-state={one.state} />
      <span class="grow">
        <span class="name">{one.model_name}</span>
        <small>
          {ready
            ? [
                one.quantisation,
                one.context_length && `${one.context_length.toLocaleString("en")} tokens`,
                one.device && deviceName(one.device),
              ]
                .filter(Boolean)
                .join(" · ")
            : failed
              ? "Failed; press to try again"
              : stateName(one)}
        </small>
        {failed && <small>{one.error}</small>}
      </span>
      {model.value === one.model_name && <Icon name="check" size={16} />}
    </button>
  );
}

/** What lies on this machine and could answer; choosing it deploys it. */
function OnDisk({ close }: { close: () => void }) {
  useEffect(() => void readDiskModels(), []);
  const idle = (diskModels.value ?? []).filter(
    (one) =>
      one.deployed_as === null &&
      !models.value.some(({ model_name }) => model_name === one.id) &&
      one.error === null &&
      one.capabilities.includes("chat"),
  );
  if (idle.length === 0) return null;
  const choose = async (id: string) => {
    close();
    const { id: conversation } = current.peek();
    if (await deploy({ model_name: id })) chooseModel(id, conversation);
  };
  return (
    <>
      <p class="menu-title">On disk</p>
      {idle.map(({ id, size, quantisation }) => (
        <button
          key={id}
          type="button"
          role="menuitemradio"
          aria-checked="false"
          onClick={() => void choose(id)}
        >
          <span class="state-dot" data-state="stopped" />
          <span class="grow">
            <span class="name">{id}</span>
            <small>{[quantisation, formatBytes(size)].filter(Boolean).join(" · ")}</small>
          </span>
        </button>
      ))}
    </>
  );
}
