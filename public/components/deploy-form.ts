import type { DeployAnswer } from "../../src/schemas/deployment.ts";
import { call, explain } from "../lib/api.ts";
import { readDeploy } from "../lib/query.ts";
import { showMessage } from "./message.ts";

/** Deploys what the form says; `done` runs after the server took it. */
export function wireDeployForm(form: HTMLFormElement, message: HTMLElement, done: () => void): void {
  const button = form.querySelector("button");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void deploy();
  });

  async function deploy(): Promise<void> {
    const body = readDeploy(new FormData(form));
    // The token leaves the page with this one request and stays nowhere.
    const token = form.elements.namedItem("hf_token");
    if (token instanceof HTMLInputElement) token.value = "";
    if (button) button.disabled = true;
    showMessage(message, null);
    try {
      const answer = await call<DeployAnswer>("/deploy", { method: "POST", body });
      showMessage(message, [answer.message, ...(answer.warnings ?? [])].join("\n"));
      form.reset();
      done();
    } catch (error) {
      showMessage(message, explain(error), "error");
    } finally {
      if (button) button.disabled = false;
    }
  }
}
