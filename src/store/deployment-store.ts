import type { Database } from "bun:sqlite";
import { Value } from "@sinclair/typebox/value";
import type { Log } from "../log.ts";
import { DeployRequest } from "../schemas/deployment.ts";

/**
 * What is deployed, kept so that the next start of the server can deploy it again. A database that fails is
 * told in the log and stops nothing.
 */
export class DeploymentStore {
  readonly #database: Database;
  readonly #log: Log;

  constructor({ database, log }: { database: Database; log: Log }) {
    this.#database = database;
    this.#log = log;
  }

  /** Oldest first. */
  list(): DeployRequest[] {
    try {
      return this.#database
        .query<{ request: string }, []>("SELECT request FROM deployment ORDER BY deployed_at, name")
        .all()
        .flatMap(({ request }) => this.#read(request));
    } catch (error) {
      this.#log.warn({ err: error }, "deployments can not be read");
      return [];
    }
  }

  /** Takes the place of an earlier one of the same name; the token for the hub is left out. */
  save({ hf_token: _secret, wait: _wait, ...request }: DeployRequest): void {
    this.#write("INSERT OR REPLACE INTO deployment (name, request, deployed_at) VALUES (?, ?, ?)", [
      request.model_name,
      JSON.stringify(request),
      Date.now(),
    ]);
  }

  remove(name: string): void {
    this.#write("DELETE FROM deployment WHERE name = ?", [name]);
  }

  #read(text: string): DeployRequest[] {
    try {
      const request: unknown = JSON.parse(text);
      if (Value.Check(DeployRequest, request)) return [request];
    } catch {
      // Told below, as what is no deploy request.
    }
    this.#log.warn("a deployment of an earlier run can not be read and is left out");
    return [];
  }

  #write(sql: string, values: (string | number)[]): void {
    try {
      this.#database.query(sql).run(...values);
    } catch (error) {
      this.#log.warn({ err: error }, "deployments can not be kept for the next start");
    }
  }
}
