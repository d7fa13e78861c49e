import { DeployForm } from "../components/deploy-form.tsx";
import { DeploymentList } from "../components/deployment-list.tsx";
import { ViewHeader } from "../components/view-header.tsx";

/** What is deployed, and how to deploy more. */
export function ModelsView() {
  return (
    <section class="view" aria-labelledby="view-title">
      <ViewHeader title="Models" />
      <div class="view-scroll">
        <div class="view-column">
          <DeploymentList />
          <DeployForm />
        </div>
      </div>
    </section>
  );
}
