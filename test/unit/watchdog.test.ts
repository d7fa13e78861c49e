import { describe, expect, test } from "bun:test";
import { describeExit } from "../../src/engine/exit-reason.ts";
import { Watchdog } from "../../src/engine/watchdog.ts";

const EVERY = 1000;
const settings = { heartbeatTimeoutMs: 10_000, stepFactor: 20, stepFloorMs: 30_000, loadStallMs: 60_000 };

/** A clock that is moved by hand, and a watchdog that is asked every second. */
function watch() {
  let now = 5_000_000;
  const watchdog = new Watchdog(settings, EVERY, now);
  return {
    watchdog,
    now: () => now,
    /** Lets `ms` pass; `each` happens before every judgement. @returns the first verdict */
    pass(ms: number, each: (now: number) => void = () => {}): string | null {
      for (const end = now + ms; now < end;) {
        now += EVERY;
        each(now);
        const verdict = watchdog.judge(now);
        if (verdict) return verdict;
      }
      return null;
    },
    /** Lets `ms` pass in which nobody is asked. */
    sleep: (ms: number) => void (now += ms),
  };
}

describe("a load", () => {
  test("may take for ever as long as it makes progress", () => {
    const { watchdog, pass } = watch();
    let fraction = 0;
    expect(pass(3_600_000, (now) => watchdog.progress((fraction += 0.0001), now))).toBeNull();
  });

  test("that stands still is over, though its heart beats and it repeats itself", () => {
    const { watchdog, pass, now } = watch();
    watchdog.progress(0.42, now());
    const verdict = pass(120_000, (time) => {
      watchdog.heartbeat(null, time);
      watchdog.progress(0.42, time);
    });
    expect(verdict).toBe("the load stood still at 42 % for 61 s and was ended");
  });

  test("is not judged by heartbeats, which a busy loader can not send", () => {
    const { pass } = watch();
    expect(pass(50_000)).toBeNull();
  });
});

describe("a ready engine", () => {
  test("lives as long as its heart beats", () => {
    const { watchdog, pass, now } = watch();
    watchdog.ready(now());
    expect(pass(3_600_000, (time) => watchdog.heartbeat(null, time))).toBeNull();
  });

  test("lives as long as it says anything", () => {
    const { watchdog, pass, now } = watch();
    watchdog.ready(now());
    expect(pass(3_600_000, (time) => watchdog.message(time))).toBeNull();
  });

  test("that is silent is over", () => {
    const { watchdog, pass, now } = watch();
    watchdog.ready(now());
    expect(pass(60_000)).toBe("the engine gave no sign of life for 11 s and was ended");
  });

  test("has its time from when it became ready, not from the last progress", () => {
    const { watchdog, pass, now } = watch();
    pass(55_000);
    watchdog.ready(now());
    expect(pass(10_000)).toBeNull();
  });

  test("may take the floor for a step that should be quick", () => {
    const { watchdog, now } = watch();
    watchdog.ready(now());
    watchdog.heartbeat({ ageMs: 30_000, expectedMs: 1 }, now());
    expect(watchdog.judge(now())).toBeNull();
    watchdog.heartbeat({ ageMs: 30_001, expectedMs: 1 }, now());
    expect(watchdog.judge(now())).toBe(
      "a step took 30 s where 0.0 s were expected, and the engine was ended",
    );
  });

  test("may take the multiple for a step that should be slow", () => {
    const { watchdog, now } = watch();
    watchdog.ready(now());
    watchdog.heartbeat({ ageMs: 100_000, expectedMs: 5000 }, now());
    expect(watchdog.judge(now())).toBeNull();
    watchdog.heartbeat({ ageMs: 100_001, expectedMs: 5000 }, now());
    expect(watchdog.judge(now())).toContain("a step took 100 s where 5.0 s were expected");
  });

  test("whose step has ended is not judged by it", () => {
    const { watchdog, now } = watch();
    watchdog.ready(now());
    watchdog.heartbeat({ ageMs: 100_001, expectedMs: 5000 }, now());
    watchdog.heartbeat(null, now());
    expect(watchdog.judge(now())).toBeNull();
  });
});

describe("a server that did not run itself", () => {
  test("blames no engine for messages it could not read", () => {
    const { watchdog, pass, now, sleep } = watch();
    watchdog.ready(now());
    pass(5000);
    sleep(3_600_000);
    expect(pass(5000)).toBeNull();
    expect(pass(5000)).toContain("no sign of life");
  });

  test("blames no engine for a step it was stopped in together with the server", () => {
    const { watchdog, pass, now, sleep } = watch();
    watchdog.ready(now());
    pass(5000, (time) => watchdog.heartbeat({ ageMs: 100, expectedMs: 100 }, time));
    sleep(3_600_000);
    let ageMs = 3_600_000;
    const beat = (time: number) => watchdog.heartbeat({ ageMs: (ageMs += EVERY), expectedMs: 100 }, time);
    expect(pass(30_000, beat)).toBeNull();
    expect(pass(5000, beat)).toContain("a step took 31 s");
  });

  test("excuses a load as well", () => {
    const { pass, sleep } = watch();
    pass(50_000);
    sleep(3_600_000);
    expect(pass(5000)).toBeNull();
    expect(pass(10_000)).toContain("stood still at 0 %");
  });
});

describe("the reason an engine is gone", () => {
  const exit = { code: null, signal: null, verdict: null, lastLines: [] };

  test("is our verdict where we ended it", () => {
    expect(describeExit({ ...exit, signal: "SIGKILL", verdict: "it hung" })).toBe("it hung");
  });

  test("names the signal and what it may mean", () => {
    expect(describeExit({ ...exit, signal: "SIGKILL" })).toBe(
      "killed by signal SIGKILL, possibly because the machine ran out of memory",
    );
    expect(describeExit({ ...exit, signal: "SIGSEGV" })).toBe("killed by signal SIGSEGV");
  });

  test("repeats the line that tells, not the noise after it", () => {
    const lastLines = ["loading", "GGML_ASSERT(a == b) failed", "  0x7f1 in start ()"];
    expect(describeExit({ ...exit, signal: "SIGABRT", lastLines })).toBe(
      "killed by signal SIGABRT: GGML_ASSERT(a == b) failed",
    );
    expect(describeExit({ ...exit, code: 1, lastLines: ["all is well"] })).toBe("exited with code 1");
  });
});
