import { ViewHeader } from "../components/view-header.tsx";

export function SystemView() {
  return (
    <section class="view" aria-labelledby="view-title">
      <ViewHeader title="System" />
    </section>
  );
}
