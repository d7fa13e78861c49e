import { EventSourceParserStream } from "eventsource-parser/stream";
import type { ChatChunk, ChatCompletion, ChatRequest } from "../../schemas/chat.ts";
import type { DeployAnswer, DeployRequest } from "../../schemas/deployment.ts";
import type { DiskModel, DiskModelList, RemoveModelAnswer } from "../../schemas/disk-model.ts";
import type { DownloadList, DownloadStatus, PullAnswer, PullRequest } from "../../schemas/download.ts";
import type { EstimateAnswer } from "../../schemas/estimate.ts";
import type { Purpose, RecommendationsAnswer } from "../../schemas/recommendation.ts";
import type { ErrorBody } from "../../schemas/shared.ts";
import type { StatusAnswer, UndeployAnswer } from "../../schemas/status.ts";
import { isLoopback } from "../../http/loopback.ts";
import { CommandError, notRunning, ServerRefusal } from "./command-error.ts";

/** Where the server is and how to be let in. */
export interface Connection {
  /** Without a slash at its end. */
  url: string;
  /** Sent as a bearer token, for a server that asks for one. */
  apiKey: string | null;
}

/** One server-sent event, its data still as text. */
export interface ReceivedEvent {
  /** `message` unless the server named it. */
  event: string;
  data: string;
}

interface Call {
  method?: "GET" | "POST" | "DELETE";
  query?: Record<string, string | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

/**
 * A running server, spoken to in its own schemas. Every method throws `ServerRefusal` when the server says no,
 * a `CommandError` when none is there, and the signal's reason when aborted.
 */
export class ServerClient {
  readonly url: string;
  readonly #apiKey: string | null;

  constructor({ url, apiKey }: Connection) {
    this.url = url;
    this.#apiKey = apiKey;
    const { hostname } = new URL(url);
    if (isLoopback(hostname)) spareProxy(hostname);
  }

  status(signal?: AbortSignal): Promise<StatusAnswer> {
    return this.call("/status", { signal });
  }

  deploy(body: DeployRequest, signal?: AbortSignal): Promise<DeployAnswer> {
    return this.call("/deploy", { method: "POST", body, signal });
  }

  /** What a deployment would take; nothing is deployed. */
  estimate(body: DeployRequest): Promise<EstimateAnswer> {
    return this.call("/deploy", { method: "POST", body: { ...body, dry_run: true } });
  }

  /** A model on the server's disk. */
  diskModel(id: string): Promise<DiskModel> {
    return this.call(`/models/${id.split("/").map(encodeURIComponent).join("/")}`);
  }

  recommendations(purpose: Purpose): Promise<RecommendationsAnswer> {
    return this.call("/recommendations", { query: { purpose } });
  }

  undeploy(model?: string): Promise<UndeployAnswer> {
    return this.call("/undeploy", { method: "DELETE", query: { model_name: model } });
  }

  pull(body: PullRequest): Promise<PullAnswer> {
    return this.call("/models/pull", { method: "POST", body });
  }

  /** The newest status of a download after each change, until it is over or has failed. */
  async *download(id: string, signal?: AbortSignal): AsyncGenerator<DownloadStatus> {
    for await (const { data } of this.events(`/downloads/${id}/events`, { signal }))
      yield JSON.parse(data) as DownloadStatus;
  }

  downloads(): Promise<DownloadList> {
    return this.call("/downloads");
  }

  /** Ends a download and removes what arrived of it. */
  discard(id: string): Promise<DownloadStatus> {
    return this.call(`/downloads/${id}`, { method: "DELETE", query: { discard: "true" } });
  }

  diskModels(signal?: AbortSignal): Promise<DiskModelList> {
    return this.call("/models", { signal });
  }

  removeModel(id: string): Promise<RemoveModelAnswer> {
    return this.call(`/models/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  complete(body: ChatRequest, signal?: AbortSignal): Promise<ChatCompletion> {
    return this.call("/v1/chat/completions", { method: "POST", body, signal });
  }

  /** The chunks of a streamed answer; a cut answer throws, so it never looks whole. */
  async *chat(body: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatChunk> {
    const path = "/v1/chat/completions";
    for await (const { data } of this.events(path, {
      method: "POST",
      body: { ...body, stream: true },
      signal,
    })) {
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data) as ChatChunk | ErrorBody;
      if ("error" in chunk) throw new ServerRefusal(200, chunk);
      yield chunk;
    }
    throw new CommandError("The connection ended before the answer did: ask again");
  }

  /** Server-sent events as they come, until the server ends them or the signal does. */
  async *events(path: string, call: Call = {}): AsyncGenerator<ReceivedEvent> {
    const response = await this.#send(path, call);
    const events = response.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    try {
      for await (const { event = "message", data } of events ?? []) yield { event, data };
    } catch (error) {
      call.signal?.throwIfAborted();
      if (error instanceof CommandError) throw error;
      throw new CommandError(`The connection to ${this.url} broke: is the server still running?`, {
        cause: error,
      });
    }
  }

  /** Any endpoint that answers JSON. */
  async call<T>(path: string, call: Call = {}): Promise<T> {
    const response = await this.#send(path, call);
    try {
      return (await response.json()) as T;
    } catch (error) {
      call.signal?.throwIfAborted();
      throw new CommandError(`What answers at ${this.url} is no Berth: its answer is not JSON`, {
        cause: error,
      });
    }
  }

  async #send(path: string, { method = "GET", query = {}, body, signal }: Call): Promise<Response> {
    const url = new URL(this.url + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        signal,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(this.#apiKey !== null && { authorization: `Bearer ${this.#apiKey}` }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        // A model may take longer to load or to answer than Bun waits by itself.
        timeout: false,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw notRunning(this.url, error);
    }
    if (!response.ok) throw ServerRefusal.from(response.status, await response.text());
    return response;
  }
}

/** A proxy leads out of this machine, where a server on it is not to be found. Bun looks at each request. */
function spareProxy(hostname: string): void {
  const spared = process.env["NO_PROXY"] || process.env["no_proxy"];
  for (const name of ["NO_PROXY", "no_proxy"])
    process.env[name] = spared ? `${spared},${hostname}` : hostname;
}
