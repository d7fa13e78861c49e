import { useEffect } from "preact/hooks";
import { DeployForm } from "../components/deploy-form.tsx";
import { DeploymentList } from "../components/deployment-list.tsx";
import { DiskModels } from "../components/disk-models.tsx";
import { DownloadListing } from "../components/download-list.tsx";
import { HubSearch } from "../components/hub-search.tsx";
import { ViewHeader } from "../components/view-header.tsx";
import { Recommendations } from "../components/recommendations.tsx";
import { watchModels } from "../state/models.ts";

/** What is deployed, what fits, and where more comes from. */
export function ModelsView() {
  useEffect(watchModels, []);
  return (
    <section class="view" aria-labelledby="view-title">
      <ViewHeader title="Models" />
      <div class="view-scroll">
        <div class="view-column">
          <DeploymentList />
          <DownloadListing />
          <Recommendations />
          <DeployForm />
          <HubSearch />
          <DiskModels />
        </div>
      </div>
    </section>
  );
}
