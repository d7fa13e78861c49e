import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { string } from "../../src/formats/gguf/metadata.ts";
import { writeGguf } from "../../src/formats/gguf/write.ts";
import { EngineProcess } from "../support/engine-process.ts";
import { randomModel } from "../support/random-model.ts";
import { generateRequest } from "../support/real-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

setDefaultTimeout(60_000);

// One for each kind of expression that llama.cpp leaves to `std::regex`.
test.each(["tekken", "gpt-4o", "deepseek-v3", "bloom", "viking"])(
  "an engine whose vocabulary is split as %s survives any run of letters, digits, marks or spaces",
  async (preTokeniser) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "model.gguf");
    const { metadata, tensors } = randomModel();
    await writeGguf(path, {
      metadata: new Map([...metadata, ["tokenizer.ggml.pre", string(preTokeniser)]]),
      tensors,
    });
    await using engine = new EngineProcess();
    await engine.load({ path });
    const runs = ["a", "1", "-", " ", "\n", "中", "A1", "a ", "\n "].map((unit) =>
      unit.repeat(60_000 / unit.length),
    );
    for (const [index, text] of runs.entries()) {
      const request = generateRequest(`r${index}`, { prompt: { kind: "text", text } });
      expect(await engine.generate(request)).toMatchObject({
        error: { code: "context_length_exceeded" },
      });
    }
    expect(await engine.generate(generateRequest("after"))).toBeArray();
  },
);
