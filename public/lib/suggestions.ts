/** Something to begin a conversation with. */
export interface Suggestion {
  title: string;
  text: string;
}

/** Comes with Berth, and knows nothing else. */
export const BUILT_IN_MODEL = "guide";

/** Questions in words that it learned; `models/guide/corpus` has them all. */
const ABOUT_BERTH: readonly Suggestion[] = [
  { title: "Look around", text: "What is Berth?" },
  { title: "Deploy another model", text: "How do I deploy a model?" },
  { title: "Choose a model", text: "What is a good model to start with?" },
  { title: "Write a program", text: "How do I use the OpenAI SDK in Python?" },
];

const ABOUT_ANYTHING: readonly Suggestion[] = [
  { title: "Explain an idea", text: "Explain what a KV cache is, in plain words and with a small example." },
  { title: "Write some code", text: "Write a Python function that tells whether a word is a palindrome." },
  { title: "Compare two things", text: "Compare tea and coffee in a short table." },
  { title: "Plan a day", text: "Plan a rainy Sunday at home, hour by hour, as a list." },
];

/** What to ask a model first. */
export const suggestionsFor = (model: string): readonly Suggestion[] =>
  model === BUILT_IN_MODEL ? ABOUT_BERTH : ABOUT_ANYTHING;
