import type { DeployRequest } from "../../src/schemas/deployment.ts";

/** What the deploy form sends to `POST /deploy`; empty fields are left out. */
export function readDeploy(form: FormData): DeployRequest {
  const number = (name: string) => (text(form, name) === "" ? {} : { [name]: Number(text(form, name)) });
  const token = text(form, "hf_token");
  return {
    model_name: text(form, "model_name").trim(),
    device: (text(form, "device") || "auto") as DeployRequest["device"],
    load_in_8bit: form.get("bits") === "8",
    load_in_4bit: form.get("bits") === "4",
    ...number("context_length"),
    ...number("parallel"),
    ...(token ? { hf_token: token } : {}),
  };
}

function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
