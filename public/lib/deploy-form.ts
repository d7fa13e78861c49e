import type { DeployRequest } from "../../src/schemas/deployment.ts";

/** What the form for a deployment holds, as typed. */
export interface DeployDraft {
  model: string;
  device: NonNullable<DeployRequest["device"]>;
  /** How many bits a weight is to take; empty: as the name says. */
  bits: "" | "4" | "8";
  contextLength: string;
  slots: string;
  token: string;
}

export const EMPTY_DRAFT: DeployDraft = {
  model: "",
  device: "auto",
  bits: "",
  contextLength: "",
  slots: "",
  token: "",
};

/** What `POST /deploy` gets; empty fields are left out. */
export function toDeployRequest(draft: DeployDraft): DeployRequest {
  const number = (name: string, typed: string) => (Number(typed) > 0 ? { [name]: Number(typed) } : {});
  return {
    model_name: draft.model.trim(),
    device: draft.device,
    load_in_8bit: draft.bits === "8",
    load_in_4bit: draft.bits === "4",
    ...number("context_length", draft.contextLength),
    ...number("parallel", draft.slots),
    ...(draft.token ? { hf_token: draft.token } : {}),
  };
}
