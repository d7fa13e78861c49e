import type { StatusAnswer, UndeployAnswer } from "../src/schemas/status.ts";
import { Connection } from "./components/connection.ts";
import { wireDeployForm } from "./components/deploy-form.ts";
import { Deployments } from "./components/deployments.ts";
import { showMessage } from "./components/message.ts";
import { QueryPanel } from "./components/query-panel.ts";
import { StatusPanel } from "./components/status-panel.ts";
import { call, explain } from "./lib/api.ts";
import { byId } from "./lib/dom.ts";
import { Live, type LiveView } from "./lib/live.ts";

const message = byId("models-message", HTMLElement);
const deployDetails = byId("deploy-details", HTMLDetailsElement);
const status = new StatusPanel();
const query = new QueryPanel();
const deployments = new Deployments(
  byId("deployments", HTMLElement),
  byId("deployments-empty", HTMLElement),
  undeploy,
);
const live = new Live({
  fetchStatus: () => call<StatusAnswer>("/status", { signal: AbortSignal.timeout(10_000) }),
  openEvents: () => new EventSource("/events"),
  onChange: show,
});
const connection = new Connection(() => live.refresh());

wireDeployForm(byId("deploy", HTMLFormElement), message, () => live.refresh());
live.refresh();

let seen = false;

function show(view: LiveView): void {
  connection.show(view);
  status.showStale(view.link === "away");
  if (!view.status) return;
  status.show(view.status, view.statistics);
  deployments.show(view.status.models);
  query.showModels(view.status.models, view.status.model_name);
  // Whoever comes to an empty server wants the form; later it is theirs to open and close.
  if (!seen) deployDetails.open = view.status.models.length === 0;
  seen = true;
}

async function undeploy(name: string): Promise<void> {
  showMessage(message, null);
  try {
    const path = `/undeploy?model_name=${encodeURIComponent(name)}`;
    const answer = await call<UndeployAnswer>(path, { method: "DELETE" });
    showMessage(message, answer.message);
  } catch (error) {
    showMessage(message, explain(error), "error");
  }
  live.refresh();
}
