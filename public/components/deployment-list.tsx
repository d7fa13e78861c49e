import { models, status } from "../state/server.ts";
import { DeploymentCard } from "./deployment-card.tsx";

export function DeploymentList() {
  return (
    <section class="block" aria-labelledby="deployed-title">
      <h2 id="deployed-title">Deployed</h2>
      {models.value.length > 0 ? (
        <ul class="deployments">
          {models.value.map((deployment) => (
            <li key={deployment.model_name}>
              <DeploymentCard deployment={deployment} />
            </li>
          ))}
        </ul>
      ) : (
        status.value && (
          <p class="empty">
            Nothing is deployed. A deployed model lies in memory and answers; undeploying gives all of it
            back.
          </p>
        )
      )}
    </section>
  );
}
