import { pick, type Random } from "./grammar.ts";

const BEFORE = [
  "hi, ",
  "hello, ",
  "hey, ",
  "hi! ",
  "please tell me: ",
  "quick question: ",
  "ok, ",
  "so ",
  "sorry, ",
  "excuse me, ",
  "one question: ",
  "um, ",
  "well, ",
  "now ",
  "and ",
  "please, ",
];
const AFTER = [
  " please",
  " thanks",
  ", please",
  ", thanks",
  " thx",
  " in short",
  " in Berth",
  " here",
  " exactly",
  " then",
  " again",
  " by the way",
  " pls",
];

/** Words that say little of what a question is about. */
const SMALL = new Set(
  (
    "a an the is are was be do does did can could would should will may how what which who where when why i you me my " +
    "your we it its this that there here to of in on for at by with from and or so as have has get got give make want " +
    "need tell show please about some any just then one if into out up"
  ).split(" "),
);

/** Only the words that matter, as people type into a search field, in any order. */
function keywords(text: string, random: Random): string {
  const kept = text.split(" ").filter((word) => !SMALL.has(word.toLowerCase().replace(/[^a-z]/g, "")));
  if (kept.length < 2) return text;
  if (random() < 0.5) kept.push(...kept.splice(0, 1 + Math.floor(random() * (kept.length - 1))));
  return kept.join(" ");
}

/** With fewer words than this, a question is told from others by each of them and by every letter. */
const FEW_WORDS = 4;

/**
 * A question as people type it: with a greeting, without marks, in capitals, with a slip of the finger. Short ones
 * keep their words and letters: "What are you?" is soon "How are you?".
 */
export function asTyped(question: string, random: Random): string {
  const isShort = question.split(" ").length < FEW_WORDS;
  let text = !isShort && random() < 0.15 ? keywords(question, random) : question;
  if (random() < 0.08) text = pick(random, BEFORE) + lowerFirst(text);
  if (random() < 0.08) text = text.replace(/[?.!]?$/, (mark) => pick(random, AFTER) + mark);
  if (!isShort && random() < 0.35) text = reworded(text, random);
  const style = random();
  if (style < 0.35) text = text.replace(/[?.!]+$/, "");
  else if (style < 0.6 && !/[?.!]$/.test(text)) text += "?";
  const letters = random();
  if (letters < 0.45) text = text[0]!.toUpperCase() + text.slice(1);
  else if (letters < 0.7) text = text.toLowerCase();
  else if (letters < 0.72) text = text.toUpperCase();
  if (random() < 0.15) text = text.replaceAll(/['’,]/g, "");
  if (isShort) return text;
  for (let slips = random() < 0.18 ? 1 + Math.floor(random() * 2) : 0; slips > 0; slips--)
    text = slip(text, random);
  return text;
}

const FILLERS = [
  "really",
  "just",
  "actually",
  "maybe",
  "simply",
  "exactly",
  "quickly",
  "now",
  "please",
  "even",
  "also",
  "somehow",
];

/** A word more, a word less, or two words the other way round. */
function reworded(text: string, random: Random): string {
  const words = text.split(" ");
  if (words.length < 4) return text;
  const at = 1 + Math.floor(random() * (words.length - 1));
  const kind = random();
  if (kind < 0.45) words.splice(at, 0, pick(random, FILLERS));
  else if (kind < 0.8) words.splice(at, 1);
  else words.splice(at - 1, 2, words[at]!, words[at - 1]!);
  return words.join(" ");
}

const lowerFirst = (text: string) =>
  /^I\b|^[A-Z]{2}/.test(text) ? text : text[0]!.toLowerCase() + text.slice(1);

/** One letter of one longer word dropped, doubled, replaced, or swapped with the next. */
function slip(text: string, random: Random): string {
  const words = [...text.matchAll(/[a-z]{4,}/gi)];
  if (words.length === 0) return text;
  const word = pick(random, words);
  const at = word.index + 1 + Math.floor(random() * (word[0].length - 2));
  const [before, letter, next, rest] = [text.slice(0, at), text[at]!, text[at + 1]!, text.slice(at + 2)];
  switch (Math.floor(random() * 4)) {
    case 0:
      return before + next + rest;
    case 1:
      return before + letter + letter + next + rest;
    case 2:
      return before + pick(random, Array.from("etaoinsrhldcump")) + next + rest;
    default:
      return before + next + letter + rest;
  }
}
