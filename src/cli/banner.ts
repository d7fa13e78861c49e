import type { Config } from "../config/config.ts";
import { VERSION } from "../version.ts";

/** Addresses that mean every network of this machine. */
const EVERY_ADDRESS = new Set(["0.0.0.0", "::", "[::]", "*"]);

/** Where a program on this machine reaches the server; without a slash at its end. */
export function baseUrl(host: string, port: number): string {
  if (EVERY_ADDRESS.has(host)) return `http://127.0.0.1:${port}`;
  return `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
}

/** Said as soon as the server listens. */
export function listeningText(url: string, model: string | null): string {
  return [
    `Berth ${VERSION} is listening.`,
    "",
    `  Web page      ${url}`,
    `  OpenAI base   ${url}/v1`,
    `  API reference ${url}/docs`,
    `  Model         ${model === null ? "none: deploy one with POST /deploy or on the page" : `${model} (loading …)`}`,
  ].join("\n");
}

/** Said when the model answers: calls that can be pasted, so nothing is indented. */
export function readyText(url: string, model: string): string {
  // JSON is also how Python and JavaScript write a string.
  const name = JSON.stringify(model);
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello!" }] });
  return `
The model ${name} is ready. Try it:

curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body.replaceAll("'", String.raw`'\''`)}'

Python (pip install openai):

from openai import OpenAI
client = OpenAI(base_url="${url}/v1", api_key="none")
answer = client.chat.completions.create(model=${name}, messages=[{"role": "user", "content": "Hello!"}])
print(answer.choices[0].message.content)

JavaScript (npm install openai):

import OpenAI from "openai";
const client = new OpenAI({ baseURL: "${url}/v1", apiKey: "none" });
const answer = await client.chat.completions.create({ model: ${name}, messages: [{ role: "user", content: "Hello!" }] });
console.log(answer.choices[0].message.content);
`;
}

/** Said when others than this machine can reach the server. */
export function exposedText({ host, allowedHosts }: Pick<Config, "host" | "allowedHosts">): string {
  const names =
    allowedHosts.length > 0 ? "" : ` Set BERTH_ALLOWED_HOSTS to the names it is to be reached by.`;
  return `WARNING: listening on ${host}, which other machines can reach, and there are no API keys yet: whoever reaches this port can use, deploy and remove models. Put a proxy with authentication before it, or use --host 127.0.0.1.${names}`;
}
