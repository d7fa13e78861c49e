import { expect, test } from "bun:test";
import { LlamaLogLevel } from "node-llama-cpp";
import { LlamaLog } from "../../src/engine/worker/llama-log.ts";

test("the first error, without function names, is why a file can not be loaded", () => {
  const log = new LlamaLog(() => {});
  expect(log.reason()).toBeNull();
  log.write(LlamaLogLevel.info, "llama_model_loader: loaded meta data");
  log.write(LlamaLogLevel.error, "llama_model_load: error loading model: unknown model architecture: 'x'\n");
  log.write(LlamaLogLevel.error, "llama_model_load_from_file_impl: failed to load model\n");
  expect(log.reason()).toBe("unknown model architecture: 'x'");
});

test("an error of an earlier attempt does not explain a later one", () => {
  const log = new LlamaLog(() => {});
  log.write(LlamaLogLevel.error, "ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device\n");
  log.beginAttempt();
  expect(log.reason()).toBeNull();
  log.write(LlamaLogLevel.error, "llama_model_load: error loading model: unknown model architecture: 'x'\n");
  expect(log.reason()).toBe("unknown model architecture: 'x'");
});

test("KV and recurrent-state buffers are summed up, whatever device they lie on", () => {
  const log = new LlamaLog(() => {});
  log.write(LlamaLogLevel.info, "llama_kv_cache:        CPU KV buffer size =     2.00 MiB");
  log.write(LlamaLogLevel.info, "llama_kv_cache:      CUDA0 KV buffer size =     6.50 MiB");
  log.write(LlamaLogLevel.info, "llama_memory_recurrent:        CPU RS buffer size =     1.50 MiB");
  log.write(LlamaLogLevel.info, "llama_kv_cache: size =    8.50 MiB (  1024 cells,   2 layers,  4/4 seqs)");
  log.write(LlamaLogLevel.info, "sched_reserve:        CPU compute buffer size =     3.01 MiB");
  expect(log.kvCache).toBe(10 * 2 ** 20);
});

test("lines go on at the level they have here: what llama.cpp calls information is for debugging", () => {
  const lines: string[] = [];
  const log = new LlamaLog((level, message) => lines.push(`${level} ${message}`));
  log.write(LlamaLogLevel.warn, " careful \n");
  log.write(LlamaLogLevel.info, "chatty");
  log.write(LlamaLogLevel.fatal, "broken");
  log.write(LlamaLogLevel.log, "\n");
  expect(lines).toEqual(["warn careful", "debug chatty", "error broken"]);
});
