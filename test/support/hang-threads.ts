import { dlopen, FFIType } from "bun:ffi";
import { readdir, readFile } from "node:fs/promises";
import { runs } from "./processes.ts";

/** ptrace(2): PTRACE_ATTACH, which stops one thread and no other of its process. */
const ATTACH = 16;
/** What runs native calls in the background, llama.cpp's decode among them. */
const WORKERS = "Bun Pool";

/** Whether the kernel lets a process stop threads of its sibling; containers may forbid it. */
export async function mayHangThreads(): Promise<boolean> {
  await using sleeper = Bun.spawn(["sleep", "60"]);
  await using tracer = trace(sleeper.pid);
  const answer = await firstLine(tracer);
  sleeper.kill("SIGKILL");
  return answer === "attached";
}

/**
 * Stops the threads of a process that compute, as a call that never returns does: its JavaScript thread goes
 * on. Only SIGKILL ends the process now.
 * @returns what lets go of the process when disposed of
 */
export async function hangThreads(pid: number): Promise<AsyncDisposable> {
  const tracer = trace(pid);
  const answer = await firstLine(tracer);
  if (answer !== "attached") throw new Error(`The threads of ${pid} can not be stopped: ${answer}`);
  return tracer;
}

/** A process of its own: one that traces its child would have to reap each thread of it. */
const trace = (pid: number) =>
  Bun.spawn([process.execPath, import.meta.path, String(pid)], { stdout: "pipe", stderr: "ignore" });

async function firstLine({ stdout }: { stdout: ReadableStream<Uint8Array> }): Promise<string> {
  const { value } = await stdout.getReader().read();
  return new TextDecoder().decode(value).trim();
}

/** The tracer: stops the threads, says so, and ends when the process has. */
if (import.meta.main) {
  const pid = Number(process.argv[2]);
  const { symbols } = dlopen("libc.so.6", {
    ptrace: { args: [FFIType.i64, FFIType.i64, FFIType.i64, FFIType.i64], returns: FFIType.i64 },
  });
  const tasks = `/proc/${pid}/task`;
  const ids = await readdir(tasks);
  const names = await Promise.all(ids.map((id) => readFile(`${tasks}/${id}/comm`, "utf8")));
  // A process that has no such threads is stopped as a whole.
  const workers = ids.filter((_, index) => names[index]?.startsWith(WORKERS));
  const targets = workers.length > 0 ? workers : ids;
  const stopped = targets.every((id) => Number(symbols.ptrace(ATTACH, Number(id), 0, 0)) === 0);
  console.log(stopped ? "attached" : "refused");
  while (stopped && (await runs(pid))) await Bun.sleep(50);
}
