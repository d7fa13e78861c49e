import { expect, test } from "bun:test";
import { plainEnvironment } from "../support/plain-environment.ts";

test.each([
  "BERTH_URL",
  "API_PORT",
  "LOG_LEVEL",
  "npm_lifecycle_event",
  "HF_TOKEN",
  "HF_TOKEN_PATH",
  "HF_HOME",
  "HF_HUB_CACHE",
  "HF_ENDPOINT",
  "HUGGING_FACE_HUB_TOKEN",
  "HUGGINGFACE_HUB_CACHE",
  "XDG_CACHE_HOME",
  "NO_COLOR",
  "FORCE_COLOR",
])("a program that a test starts does not see the %s of whoever runs the tests", (name) => {
  const kept = { PATH: "/bin", HOME: "/home/user" };
  expect(plainEnvironment({ ...kept, [name]: "theirs" })).toEqual(kept);
});
