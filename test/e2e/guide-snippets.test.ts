import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { readCorpus, readSections, type Corpus } from "../../models/guide/lib/corpus.ts";
import { BUILT_IN_FILE } from "../../src/services/built-in-model.ts";
import { BerthProcess } from "../support/berth-process.ts";
import { HubStandIn } from "../support/hub-stand-in.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { readReadme, section } from "../support/readme-tables.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(120_000);

const SERVER = "http://127.0.0.1:8000";

let corpus: Corpus;
let readme: string;
beforeAll(async () => {
  [corpus, readme] = await Promise.all([readCorpus(), readReadme()]);
});

/** What stands in code blocks of the guide's answers, in these languages. */
function shown(...languages: string[]): string[] {
  const blocks = corpus.entries.flatMap(({ answer }) =>
    Array.from(answer.matchAll(/^```(\w+)\n([^]*?)\n```$/gm), ([, language = "", code = ""]) => ({
      language,
      code,
    })),
  );
  return [...new Set(blocks.filter(({ language }) => languages.includes(language)).map(({ code }) => code))];
}

const curls = () => shown("sh").filter((code) => code.startsWith("curl "));

describe("what the guide shows", () => {
  const withCurl = test.skipIf(Bun.which("curl") === null);

  withCurl("works on a server: every curl (needs curl)", async () => {
    await using hub = await HubStandIn.start();
    await using models = await temporaryFolder();
    await writeRandomModel(join(models.path, "qwen3-0.6b-q8_0.gguf"), { contextLength: 8192 });
    hub.repositories.set("Qwen/Qwen3-4B-GGUF", {
      files: { "Qwen3-4B-Q4_K_M.gguf": await Bun.file(BUILT_IN_FILE).bytes() },
    });
    await using berth = await BerthProcess.start({
      env: { HF_ENDPOINT: hub.endpoint, BERTH_MODELS_DIR: models.path },
    });
    // What undeploys the guide comes last.
    for (const command of curls().toSorted(
      (a, b) => Number(a.includes("DELETE")) - Number(b.includes("DELETE")),
    )) {
      const status = ["--silent", "--max-time 60", "--output /dev/null", "--write-out '%{http_code}'"];
      const endless = command.endsWith("/events") ? "--max-time 2" : "";
      const line = `${command.replace(SERVER, berth.url)} ${status.join(" ")} ${endless}`;
      const child = Bun.spawn(["sh", "-c", line], { stdout: "pipe" });
      expect(await new Response(child.stdout).text(), command).toMatch(/^20[02]$/);
      const deployed = /"model_name": "([^"]+)"/.exec(command)?.[1];
      if (deployed === undefined) continue;
      const gone = `${berth.url}/undeploy?model_name=${encodeURIComponent(deployed)}`;
      expect((await fetch(gone, { method: "DELETE" })).status, command).toBe(200);
    }
  });

  test("calls URLs that the README lists, by their methods", () => {
    const listed = section(readme, "endpoints");
    const calls = [
      ...curls().map(
        (curl) =>
          [curl.includes("DELETE") ? "DELETE" : curl.includes(" -d ") ? "POST" : "GET", curl] as const,
      ),
      ...shown("python").map((code) => [/requests\.(\w+)\(/.exec(code)?.[1]?.toUpperCase(), code] as const),
      ...shown("js").map((code) => [/method: "(\w+)"/.exec(code)?.[1] ?? "GET", code] as const),
    ];
    for (const [method, code] of calls) {
      // The clients of OpenAI know their URLs; they are given the base.
      if (/OpenAI/.test(code)) expect(readme, code).toContain(/base_?url[=:] ?"[^"]+"/i.exec(code)![0]);
      else expect(listed, code).toContain(`\`${method} ${/127\.0\.0\.1:8000([\w/]*)/.exec(code)?.[1]}\``);
    }
  });

  test("sends fields that the README or the API reference tells", () => {
    const fields = curls().flatMap((code) =>
      Array.from(code.matchAll(/"(\w+)":/g), ([, field = ""]) => field),
    );
    const known = `${readme}\n"content" "max_tokens" "prompt"`;
    for (const field of new Set(fields)) expect(known, field).toMatch(new RegExp(`["\`]${field}["\`]`));
  });

  test("uses commands that the README lists", () => {
    const commands = shown("sh").filter((code) => !code.startsWith("curl "));
    for (const command of commands) {
      const [verb] = /^bun (?:berth )?\w+|^docker compose/.exec(command) ?? [];
      expect(verb, command).toBeDefined();
      expect(`${readme}\n$ docker compose`, command).toContain(verb!);
    }
  });
});

test("every snippet is part of an answer", async () => {
  const answers = corpus.entries.map(({ answer }) => answer).join("\n");
  const unused = (await readSections("snippets.md")).filter(({ body }) => !answers.includes(body));
  expect(unused.map(({ id }) => id)).toEqual([]);
});
