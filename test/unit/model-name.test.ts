import { expect, test } from "bun:test";
import { isSafePath, parseModelName, toText } from "../../src/hub/model-name.ts";

const hub = (repo: string, more: object = {}) => ({
  kind: "hub",
  repo,
  revision: null,
  tag: null,
  file: null,
  ...more,
});

test.each([
  ["user/repo", hub("user/repo")],
  [" user/repo ", hub("user/repo")],
  ["user/repo:Q4_K_M", hub("user/repo", { tag: "Q4_K_M" })],
  ["user/repo:latest", hub("user/repo")],
  ["user/repo@main", hub("user/repo")],
  ["user/repo@v1.2:Q8_0", hub("user/repo", { revision: "v1.2", tag: "Q8_0" })],
  ["user/repo#refs/pr/2", hub("user/repo", { revision: "refs/pr/2" })],
  ["user/repo/a.gguf", hub("user/repo", { file: "a.gguf" })],
  ["user/repo/sub/a-00001-of-00002.gguf", hub("user/repo", { file: "sub/a-00001-of-00002.gguf" })],
  ["user/repo/a.gguf#branch", hub("user/repo", { file: "a.gguf", revision: "branch" })],
  ["hf:user/repo:q4_0", hub("user/repo", { tag: "q4_0" })],
  ["hf://user/repo", hub("user/repo")],
  ["hf.co/user/repo:Q4_K_M", hub("user/repo", { tag: "Q4_K_M" })],
  ["https://huggingface.co/user/repo", hub("user/repo")],
  ["https://huggingface.co/user/repo/", hub("user/repo")],
  ["https://hf.co/user/repo:Q8_0", hub("user/repo", { tag: "Q8_0" })],
  ["https://huggingface.co/user/repo/tree/main", hub("user/repo")],
  ["https://huggingface.co/user/repo/tree/dev/sub", hub("user/repo", { revision: "dev" })],
  [
    "https://huggingface.co/user/repo/resolve/main/sub/a%20b.gguf?download=true",
    hub("user/repo", { file: "sub/a b.gguf" }),
  ],
  [
    "https://huggingface.co/user/repo/blob/refs%2Fpr%2F1/a.gguf",
    hub("user/repo", { file: "a.gguf", revision: "refs/pr/1" }),
  ],
  ["https://huggingface.co/user/repo/tree/refs%2Fpr%2F1", hub("user/repo", { revision: "refs/pr/1" })],
  [
    "https://huggingface.co/user/repo/resolve/feature%2Fx/sub/a.gguf",
    hub("user/repo", { file: "sub/a.gguf", revision: "feature/x" }),
  ],
  ["https://huggingface.co/user/repo/blob/dev/a.gguf", hub("user/repo", { file: "a.gguf", revision: "dev" })],
  ["guide", { kind: "local", path: "guide" }],
  ["folder/model.gguf", { kind: "local", path: "folder/model.gguf" }],
  ["/data/models/a.gguf", { kind: "local", path: "/data/models/a.gguf" }],
  ["./a/b", { kind: "local", path: "./a/b" }],
  ["../a", { kind: "local", path: "../a" }],
  ["a/../b", { kind: "local", path: "a/../b" }],
  ["a/b/c", { kind: "local", path: "a/b/c" }],
  ["user/repo/../a.gguf", { kind: "local", path: "user/repo/../a.gguf" }],
  ["user/repo:", { kind: "local", path: "user/repo:" }],
])("a name is read: %s", (name, expected) => {
  expect(parseModelName(name)).toEqual(expected as ReturnType<typeof parseModelName>);
});

test("any other address of a GGUF file is one", () => {
  expect(parseModelName("https://example.com/m/a.gguf?key=1")).toEqual({
    kind: "url",
    url: new URL("https://example.com/m/a.gguf?key=1"),
  });
});

test("an address of the hub in use is a name on it, encrypted or not", () => {
  expect(parseModelName("http://127.0.0.1:9/user/repo:Q8_0", "http://127.0.0.1:9")).toEqual(
    hub("user/repo", { tag: "Q8_0" }) as ReturnType<typeof parseModelName>,
  );
  expect(parseModelName("https://mirror/hf/user/repo", "https://mirror/hf/")).toEqual(
    hub("user/repo") as ReturnType<typeof parseModelName>,
  );
});

test.each([
  ["hf:user", "write hf:user/repository"],
  ["hf:user/repo:Q4/a.gguf", "write hf:user/repository"],
  ["https://huggingface.co/spaces/user/thing/page", "neither the page of a repository"],
  ["http://example.com/a.gguf", "only https:"],
  ["https://example.com/a.safetensors", "has to end in the name of a .gguf file"],
  ["https://example.com/.hidden.gguf", "has to end in the name of a .gguf file"],
  ["https://exa mple.com/a.gguf", "no well-formed address"],
])("what can not be a name is refused and says why: %s", (name, reason) => {
  expect(() => parseModelName(name)).toThrow(reason);
});

test("an address with a password is refused without repeating it", () => {
  expect(() => parseModelName("https://me:secret@example.com/a.gguf")).toThrow("must not carry a user");
  expect(() => parseModelName("https://me:secret@example.com/a.gguf")).not.toThrow("secret");
});

test.each(["user/repo", "user/repo:Q4_K_M", "user/repo@dev:Q4_K_M", "user/repo/a/b.gguf"])(
  "a hub's name is written as it is read: %s",
  (name) => {
    const parsed = parseModelName(name);
    if (parsed.kind !== "hub") throw new Error("It is no name on a hub");
    expect(toText(parsed)).toBe(name);
  },
);

test.each(["", "../a", "a/../b", "/a", "a//b", "a/.b", "a\\b", "a:b", "a\0b", "a/", "x".repeat(300)])(
  "a path that could lead elsewhere is not joined to a folder of ours: %j",
  (path) => {
    expect(isSafePath(path)).toBe(false);
  },
);
