import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readGgufFileInfo, GgufInsights, type Llama, type LlamaModel, type Token } from "node-llama-cpp";
import {
  compileTemplate,
  estimateSession,
  type NativeContext,
  rawTokenText,
  tokenizeText,
  withSession,
} from "../../src/engine/worker/binding.ts";
import type { SamplerConfig } from "../../src/engine/worker/sampling.ts";
import { RealModel } from "../support/real-model.ts";

/*
 * What the engine takes for granted of node-llama-cpp beyond its public API. A new version of the package that
 * breaks one of these has to be met in binding.ts.
 */

let real: RealModel;
let context: NativeContext;
let model: LlamaModel;
let llama: Llama;

beforeAll(async () => {
  real = await RealModel.load({ quantisation: "F32", contextLength: 512 });
  context = real.loaded.context;
  model = context.owner.model;
  llama = model.llama;
});
afterAll(() => real[Symbol.asyncDispose]());
beforeEach(() => {
  for (let sequence = 0; sequence < 4; sequence++) context.clear(sequence);
});

const prompt = Uint32Array.of(10, 20, 30, 40, 50);
const greedy: SamplerConfig = { temperature: 0, seed: 1 };

/** Evaluates the prompt from `position` on and takes one token greedily. */
async function next(sequence: number, position = 0, config: SamplerConfig = greedy): Promise<number> {
  const sampler = context.createSampler(config);
  try {
    const tokens = prompt.subarray(position);
    context.begin(tokens.length);
    const logits = context.add(sequence, position, tokens, true);
    await context.decode(1);
    return await context.sample(logits, sampler);
  } finally {
    sampler.dispose();
  }
}

describe("a batch", () => {
  test("decodes several sequences at once, each with logits of its own", async () => {
    const alone = [await next(0)];
    context.clear(0);
    const sampler = context.createSampler(greedy);
    context.begin(7);
    const first = context.add(0, 0, prompt, true);
    const none = context.add(1, 0, Uint32Array.of(99, 98), false);
    await context.decode(1);
    expect(none).toBe(-1);
    expect([await context.sample(first, sampler)]).toEqual(alone);
    sampler.dispose();
  });

  test("takes no more tokens than it was opened for, and says so without breaking", async () => {
    context.begin(2);
    expect(() => context.add(0, 0, prompt, true)).toThrow("exceed");
    expect(await next(0)).toBeNumber();
  });

  test("with a token that does not exist fails, and leaves the others as they were", async () => {
    const expected = await next(0);
    context.begin(1);
    context.add(1, 0, Uint32Array.of(1_000_000), true);
    await expect(context.decode(1)).rejects.toThrow();
    expect(context.removeFrom(0, 4)).toBeTrue();
    expect(await next(0, 4)).toBe(expected);
  });
});

describe("a sequence", () => {
  test("is cut back and goes on as if nothing had been behind", async () => {
    const expected = await next(0);
    expect(context.firstPosition(0)).toBe(0);
    expect(context.removeFrom(0, 3)).toBeTrue();
    expect(await next(0, 3)).toBe(expected);
  });

  test("is empty when cleared", async () => {
    await next(2);
    context.clear(2);
    expect(context.firstPosition(2)).toBe(-1);
    context.clear(2);
  });

  test("is saved and restored", async () => {
    const expected = await next(0);
    context.removeFrom(0, 3);
    const checkpoint = await context.checkpoint(0);
    expect(checkpoint.maxPos).toBe(2);
    expect(checkpoint.size).toBeGreaterThan(0);
    await next(0, 3);
    expect(await context.restore(0, checkpoint)).toBeTrue();
    expect(await next(0, 3)).toBe(expected);
    checkpoint.dispose();
  });
});

describe("a sampler", () => {
  test("draws the same with the same seed", async () => {
    const hot = { temperature: 2, seed: 5 };
    const first = await next(0, 0, hot);
    expect(await next(1, 0, hot)).toBe(first);
  });

  test("goes on with its own history: what it sampled is penalised without being told again", async () => {
    const bias = { tokenBiasKeys: Uint32Array.of(65, 66, 67), tokenBiasValues: Float32Array.of(90, 80, 70) };
    const penalties = {
      repeatPenalty: 1,
      repeatPenaltyPresencePenalty: 50,
      repeatPenaltyFrequencyPenalty: 0,
      repeatPenaltyMaxTokens: 64,
      repeatPenaltyTokens: Uint32Array.of(66),
    };
    const sampler = context.createSampler({ ...greedy, ...bias, ...penalties });
    const sampled: number[] = [];
    for (let position = 0; position < 2; position++) {
      context.begin(1);
      const logits = context.add(0, position, Uint32Array.of(1), true);
      await context.decode(1);
      sampled.push(await context.sample(logits, sampler));
    }
    sampler.dispose();
    expect(sampled).toEqual([65, 67]);
  });

  test("that is disposed of fails alone, and the context goes on", async () => {
    const sampler = context.createSampler(greedy);
    context.begin(5);
    const logits = context.add(0, 0, prompt, true);
    await context.decode(1);
    sampler.dispose();
    await expect(context.sample(logits, sampler)).rejects.toThrow("disposed");
    expect(await next(1)).toBeNumber();
  });
});

describe("a template", () => {
  test("is rendered by llama.cpp", () => {
    const renderer = compileTemplate(
      llama,
      "{% for m in messages %}{{ m.role }}: {{ m.content | trim }};{% endfor %}",
    );
    expect(renderer.render({ messages: [{ role: "user", content: " hi " }] })).toBe("user: hi;");
  });

  test("raises with its own sentence at the end of the message", () => {
    const renderer = compileTemplate(llama, "{{ raise_exception('no such role') }}");
    expect(() => renderer.render({})).toThrow(/\nError: Jinja Exception: no such role$/);
  });

  test("that does not parse is told when it is compiled", () => {
    expect(() => compileTemplate(llama, "{% if x %")).toThrow("failed to compile");
  });
});

describe("tokens", () => {
  test("are spelled as in the file", () => {
    const [token] = tokenizeText(model, " the", false);
    expect(rawTokenText(model, token!)).toBe("Ġthe");
  });

  test("come out in the bytes llama.cpp itself gives, wherever it can give them", () => {
    const { vocabulary } = real.loaded;
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    let compared = 0;
    for (let token = 0; token < vocabulary.size; token++) {
      let own: string;
      try {
        own = strict.decode(vocabulary.bytes(token));
      } catch {
        continue;
      }
      expect(own).toBe(model.detokenize([token as Token], false));
      compared++;
    }
    expect(compared).toBeGreaterThan(300);
  });
});

test("estimates made before loading are what loading then takes", async () => {
  const insights = await GgufInsights.from(await readGgufFileInfo(real.path), llama);
  const session = estimateSession(insights);
  const weights = await insights.estimateModelResourceRequirementsV2({
    gpuLayers: 0,
    ...withSession(session),
  });
  const cache = await insights.estimateContextResourceRequirementsV2({
    contextSize: 512,
    sequences: 4,
    modelGpuLayers: 0,
    batchSize: 512,
    ...withSession(session),
  });
  await session.dispose();
  expect(weights.cpuRam).toBe(model.memoryUsage.ram);
  expect(cache.cpuRam).toBe(context.owner.memoryUsage.ram);
});
