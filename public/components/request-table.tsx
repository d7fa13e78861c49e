import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { CancelAnswer, RequestList, RequestStatus } from "../../src/schemas/request.ts";
import { explain } from "../lib/api.ts";
import { formatSeconds, shortName } from "../lib/format.ts";
import { notify } from "../state/notices.ts";
import { call, view } from "../state/server.ts";

const STATES = { queued: "Waiting", prefill: "Reading the prompt", decoding: "Answering" } as const;

/** What the server works on right now, with a way to end each. */
export function RequestTable() {
  const requests = useSignal<RequestStatus[]>([]);
  const { statistics, status } = view.value;
  const running = statistics?.requests;
  const read = () =>
    call<RequestList>("/requests").then(
      (answer) => (requests.value = answer.requests),
      () => {},
    );
  useEffect(() => {
    void read();
    // With every sample that tells of any, and once more when the last is gone; without samples, with every poll.
  }, [statistics === null ? status : running ? statistics.time : running]);
  const cancel = async (id: string) => {
    try {
      await call<CancelAnswer>(`/requests/${encodeURIComponent(id)}/cancel`, { method: "POST" });
    } catch (error) {
      notify(explain(error), "error");
    }
    void read();
  };
  return (
    <section class="block" aria-labelledby="requests-title">
      <h2 id="requests-title">Requests in flight</h2>
      {requests.value.length === 0 ? (
        <p class="empty">Idle. Each request shows here while it waits and while it is answered.</p>
      ) : (
        <div class="table requests card flush" role="region" aria-labelledby="requests-title" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col" class="only-wide">
                  Endpoint
                </th>
                <th scope="col">State</th>
                <th scope="col" class="only-wide" data-align="right">
                  Prompt
                </th>
                <th scope="col" data-align="right">
                  Answer
                </th>
                <th scope="col" class="only-wide" data-align="right">
                  Since
                </th>
                <th scope="col">
                  <span class="visually-hidden">Cancel</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {requests.value.map((request) => (
                <tr key={request.id}>
                  <td class="model" title={request.model}>
                    {shortName(request.model)}
                  </td>
                  <td class="only-wide">
                    <code>{request.endpoint}</code>
                  </td>
                  <td>{STATES[request.state as keyof typeof STATES] ?? request.state}</td>
                  <td class="only-wide" data-align="right">
                    {request.prompt_tokens.toLocaleString("en")}
                  </td>
                  <td data-align="right">{request.completion_tokens.toLocaleString("en")}</td>
                  <td class="only-wide" data-align="right">
                    {formatSeconds(request.elapsed_ms / 1000)}
                  </td>
                  <td data-align="right">
                    <button
                      type="button"
                      class="button small"
                      aria-label={`Cancel ${request.id}`}
                      onClick={() => void cancel(request.id)}
                    >
                      Cancel
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
