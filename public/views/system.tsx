import { Charts } from "../components/charts.tsx";
import { Configuration } from "../components/configuration.tsx";
import { Health } from "../components/health.tsx";
import { LogView } from "../components/log-view.tsx";
import { QueryPanel } from "../components/query-panel.tsx";
import { RequestTable } from "../components/request-table.tsx";
import { ViewHeader } from "../components/view-header.tsx";

/** How the server and its machine are doing. */
export function SystemView() {
  return (
    <section class="view" aria-labelledby="view-title">
      <ViewHeader title="System" />
      <div class="view-scroll">
        <div class="view-column wide">
          <Health />
          <Charts />
          <RequestTable />
          <QueryPanel />
          <LogView />
          <Configuration />
        </div>
      </div>
    </section>
  );
}
