import { join } from "node:path";
import type { DownloadStatus, PullAnswer } from "../../src/schemas/download.ts";
import type { ErrorBody } from "../../src/schemas/shared.ts";
import { eventually } from "./eventually.ts";
import { HubStandIn } from "./hub-stand-in.ts";
import { writeRandomModel } from "./random-model.ts";
import { startServer, type TestOptions, type TestServer } from "./server.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Two models of a megabyte and a half, that differ. */
export async function twoModels(): Promise<[Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]> {
  await using folder = await temporaryFolder();
  const bytes = async (seed: number) =>
    Bun.file(await writeRandomModel(join(folder.path, `${seed}.gguf`), { seed, layers: 4 })).bytes();
  return [await bytes(1), await bytes(2)];
}

/** A server with a fake engine, whose names are looked up on disk and on the stand-in of the hub. */
export class HubServer implements AsyncDisposable {
  readonly hub: HubStandIn;
  readonly server: TestServer;

  private constructor(hub: HubStandIn, server: TestServer) {
    this.hub = hub;
    this.server = server;
  }

  /** Nothing is deployed. `prepare` fills the hub. */
  static async start(prepare: (hub: HubStandIn) => void, options: TestOptions = {}): Promise<HubServer> {
    const hub = await HubStandIn.start();
    prepare(hub);
    const here = { deploy: null, realFiles: true, hubEndpoint: hub.endpoint, loadOnRequest: true };
    return new HubServer(hub, await startServer({}, { ...here, ...options }));
  }

  get url(): string {
    return this.server.url;
  }

  /** Slow enough to be watched, stopped and asked about. */
  slowDown(): void {
    this.hub.faults.bytesPerSecond = 150_000;
  }

  /** Too slow for a download to end while a test looks at it. */
  crawl(): void {
    this.hub.faults.bytesPerSecond = 1000;
  }

  hurry(): void {
    this.hub.faults.bytesPerSecond = null;
  }

  post(path: string, body?: object): Promise<Response> {
    const json = body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return fetch(this.url + path, { method: "POST", ...json });
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(this.url + path)).json()) as T;
  }

  delete(path: string): Promise<Response> {
    return fetch(this.url + path, { method: "DELETE" });
  }

  deploy(name: string, more: object = {}): Promise<Response> {
    return this.post("/deploy", { model_name: name, ...more });
  }

  async pull(name: string, more: object = {}): Promise<PullAnswer> {
    return (await (await this.post("/models/pull", { model: name, ...more })).json()) as PullAnswer;
  }

  /** Pulls and waits. */
  async have(name: string): Promise<DownloadStatus> {
    return this.reaches((await this.pull(name)).download?.id, "completed");
  }

  download(id: string | undefined): Promise<DownloadStatus> {
    return this.get(`/downloads/${id}`);
  }

  async reaches(id: string | undefined, state: DownloadStatus["state"]): Promise<DownloadStatus> {
    await eventually(
      async () => (await this.download(id)).state === state,
      `the download is ${state}`,
      20_000,
    );
    return this.download(id);
  }

  /** Waits until some of a download is there. */
  async begins(id: string | undefined): Promise<void> {
    await eventually(
      async () => (await this.download(id)).downloaded_bytes > 100_000,
      "some of it is there",
      20_000,
    );
  }

  /** A file below the models directory. */
  file(path: string): Bun.BunFile {
    return Bun.file(join(this.server.services.config.modelsDir, path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    await this.hub[Symbol.asyncDispose]();
  }
}

/** What a refusal says. */
export async function errorOf(answer: Response): Promise<ErrorBody["error"]> {
  return ((await answer.json()) as ErrorBody).error;
}
