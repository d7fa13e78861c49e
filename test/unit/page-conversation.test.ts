import { describe, expect, test } from "bun:test";
import {
  type Conversation,
  forkAt,
  type Message,
  newConversation,
  pathTo,
  siblings,
  withBranch,
  withMessage,
  withMessagesOf,
  withoutMessage,
} from "../../public/lib/conversation.ts";
import { grouped, matches } from "../../public/lib/conversation-list.ts";
import { readExport, writeExport } from "../../public/lib/exchange.ts";

const message = (id: string, parent: string | null, content = id): Message => ({
  id,
  parent,
  role: id.startsWith("q") ? "user" : "assistant",
  content,
  created: 1,
});

const conversation = (...messages: Message[]): Conversation =>
  messages.reduce(withMessage, newConversation({ id: "c", created: 1 }));

/** Two answers to the first question, and a follow-up below each. */
const branched = conversation(
  message("q1", null),
  message("a1", "q1"),
  message("q2", "a1"),
  message("a2", "q1"),
  message("q3", "a2"),
);

const ids = (messages: Message[]) => messages.map(({ id }) => id);

describe("a conversation", () => {
  test("shows the path to its leaf", () => {
    expect(ids(pathTo(branched))).toEqual(["q1", "a2", "q3"]);
    expect(ids(pathTo(branched, "q2"))).toEqual(["q1", "a1", "q2"]);
  });

  test("knows the alternatives of a message, oldest first", () => {
    const second = branched.messages[3];
    expect(second && ids(siblings(branched, second))).toEqual(["a1", "a2"]);
  });

  test("shows of another branch what came last in it", () => {
    expect(withBranch(branched, "a1").leaf).toBe("q2");
  });

  test("loses a message with all that follows, and shows a sibling in its place", () => {
    const without = withoutMessage(branched, "a2");
    expect(ids(without.messages)).toEqual(["q1", "a1", "q2"]);
    expect(without.leaf).toBe("q2");
    expect(withoutMessage(without, "a1").leaf).toBe("q1");
    expect(withoutMessage(without, "q1")).toMatchObject({ messages: [], leaf: null });
  });

  test("has lost messages again where they were, and keeps what came meanwhile", () => {
    const meanwhile = withMessage(withoutMessage(branched, "a2"), message("a3", "q2"));
    const again = withMessagesOf(meanwhile, branched);
    expect(ids(again.messages)).toEqual(["q1", "a1", "q2", "a2", "q3", "a3"]);
    expect(again.leaf).toBe("q3");
  });

  test("keeps what it shows when another branch is deleted", () => {
    expect(withoutMessage(branched, "a1").leaf).toBe("q3");
  });

  test("begins anew from any message, with the way there", () => {
    const fork = forkAt(branched, "a1", { id: "new", now: 9 });
    expect(ids(fork.messages)).toEqual(["q1", "a1"]);
    expect(fork).toMatchObject({ id: "new", leaf: "a1", created: 9 });
  });

  test("is named by its first question, cut between words, and never again", () => {
    const long = "How does one bring a ship alongside a quay when the wind blows off the land?";
    const named = conversation(
      message("q1", null, ` ${long}\n`),
      message("a1", "q1"),
      message("q2", "a1", "x"),
    );
    expect(named.title).toBe("How does one bring a ship alongside a quay when the wind…");
    expect(conversation(message("q1", null, "a".repeat(90))).title).toBe(`${"a".repeat(60)}…`);
  });

  test("with a ring of parents, as a file may have, still has an end", () => {
    const ring = { ...branched, messages: [message("q1", "a1"), message("a1", "q1")], leaf: "a1" };
    expect(ids(pathTo(ring))).toEqual(["q1", "a1"]);
    expect(withBranch(ring, "q1").leaf).toBeString();
  });
});

describe("the list of conversations", () => {
  const day = 86_400_000;
  const noon = new Date(2026, 5, 15, 12).getTime();
  const at = (id: string, ago: number, pinned = false) =>
    newConversation({ id, created: 0, updated: noon - ago, pinned });

  test("is grouped by age, pinned first, newest on top", () => {
    const all = [
      at("old", 400 * day),
      at("b", 3600_000),
      at("a", 0),
      at("y", day),
      at("p", 9 * day, true),
      at("w", 5 * day),
    ];
    expect(
      grouped(all, noon).map(({ name, conversations }) => [name, conversations.map(({ id }) => id)]),
    ).toEqual([
      ["Pinned", ["p"]],
      ["Today", ["a", "b"]],
      ["Yesterday", ["y"]],
      ["Last 7 days", ["w"]],
      ["Older", ["old"]],
    ]);
  });

  test("is searched for every word, in titles, messages and names of files, whatever the case", () => {
    const attachments = [{ name: "Tides.pdf", text: "low water", size: 9 }];
    const messages = [{ ...message("q1", null, "The Spring line"), attachments }];
    const one = { ...branched, title: "Mooring", messages };
    expect(matches(one, "tides.pdf spring")).toBe(true);
    expect(matches(one, "spring MOORING")).toBe(true);
    expect(matches(one, "spring anchor")).toBe(false);
    expect(matches(one, "  ")).toBe(true);
  });
});

describe("an exported file", () => {
  test("comes back as it was, under new ids where the old ones are taken", () => {
    const file = writeExport([branched]);
    expect(
      readExport(
        file,
        () => false,
        () => "new",
      ),
    ).toEqual([branched]);
    expect(
      readExport(
        file,
        () => true,
        () => "new",
      )[0]?.id,
    ).toBe("new");
  });

  test.each([
    ["not JSON", "{", "not JSON"],
    ["something else", '{"a": 1}', "no conversations of Berth"],
    ["nothing readable", '{"format":"berth-conversations","conversations":[{"id":1},null]}', "can be read"],
  ])("that is %s is refused with a reason", (_, text, reason) => {
    expect(() =>
      readExport(
        text,
        () => false,
        () => "new",
      ),
    ).toThrow(reason);
  });

  test("loses the messages that are none, and a leaf that points to nothing", () => {
    const messages = [message("q1", null), { id: "x", parent: null, role: "root", content: "" }, 7];
    const text = JSON.stringify({
      format: "berth-conversations",
      conversations: [{ id: "c", messages, leaf: "gone" }],
    });
    expect(
      readExport(
        text,
        () => false,
        () => "new",
      )[0],
    ).toMatchObject({ messages: [{ id: "q1" }], leaf: "q1" });
  });

  test("that holds an id twice becomes two conversations, and of two messages the first", () => {
    const twice = {
      format: "berth-conversations",
      conversations: [
        branched,
        { ...branched, messages: [message("q1", null), message("q1", null, "later")] },
      ],
    };
    const read = readExport(
      JSON.stringify(twice),
      () => false,
      () => "new",
    );
    expect(read.map(({ id }) => id)).toEqual(["c", "new"]);
    expect(read[1]?.messages.map(({ content }) => content)).toEqual(["q1"]);
  });

  test("loses whatever has another type than the page shows, and nothing else", () => {
    const facts = {
      promptTokens: 1,
      completionTokens: 2,
      totalMs: 3,
      tokensPerSecond: null,
      firstTokenMs: 4,
      contextLength: 5,
    };
    const whole = { model: "guide", thinking: "Hm", thinkingMs: 6, ending: "length", facts };
    const answers = [
      { facts: {} },
      { facts: { ...facts, totalMs: "3" } },
      { facts: { ...facts, tokensPerSecond: "fast", contextLength: {} } },
      { model: 5, thinking: 5, thinkingMs: "6", ending: "burst", error: {} },
      { attachments: [{ name: "a", text: "b", size: 1 }, { name: "c" }] },
      { attachments: "a" },
      whole,
    ];
    const conversations = [
      {
        id: "c",
        messages: answers.map((one, index) => ({ ...message(`a${index}`, null), ...one })),
        sampling: { temperature: 9, top_k: 2.4, top_p: "1", seed: null, stop: "x", other: 1 },
      },
      { id: "d", messages: [], sampling: { stop: ["END", 1, ""] } },
    ];
    const [first, second] = readExport(
      JSON.stringify({ format: "berth-conversations", conversations }),
      () => false,
      () => "new",
    );
    const plain = answers.map((_, index) => message(`a${index}`, null));
    expect(first?.messages).toStrictEqual([
      ...plain.slice(0, 2),
      { ...message("a2", null), facts: { ...facts, tokensPerSecond: null, contextLength: null } },
      message("a3", null),
      { ...message("a4", null), attachments: [{ name: "a", text: "b", size: 1 }] },
      message("a5", null),
      { ...message("a6", null), ...whole, ending: "length" },
    ]);
    expect(first?.sampling).toStrictEqual({ temperature: 2, top_k: 2 });
    expect(second?.sampling).toStrictEqual({ stop: ["END"] });
  });
});
