import { Kind } from "@sinclair/typebox";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";
import type { ValidationError } from "elysia";
import { nearest } from "../config/nearest.ts";
import type { ErrorCode } from "../error-codes.ts";
import { type ApiError, invalidRequest } from "../errors.ts";

/** A request that does not match its schema, told in terms of the field at fault; never with its value. */
export function explainInvalid({ valueError, type: where }: ValidationError): ApiError {
  if (!valueError) return invalidRequest(`The ${where} of the request is not valid`);
  const fault = sharpest(read(valueError));
  const param = toParam(fault.path);
  const subject = param === null ? `The ${where} of the request` : `'${param}'`;
  return invalidRequest(`${subject} ${complaint(fault)}`, param ?? undefined, codeOf(fault));
}

/** A `ValueError` whose branches are read, which its iterators allow only once. */
interface Mismatch {
  error: ValueError;
  /** Of a union: what is wrong by each branch. */
  branches: Mismatch[][];
}

/** Enough to tell the branches of a union apart; a long array could hold any number of mismatches. */
const MOST_MISMATCHES = 50;

function read(error: ValueError): Mismatch {
  if (error.type !== ValueErrorType.Union) return { error, branches: [] };
  const branches = error.errors.map((errors) => [...upTo(MOST_MISMATCHES, errors)].map(read));
  // `null` stands for "unset" and is never what was meant.
  return { error, branches: branches.filter(([first]) => first && first.error.type !== ValueErrorType.Null) };
}

function* upTo<T>(count: number, items: Iterable<T>): Generator<T> {
  let taken = 0;
  for (const item of items) {
    yield item;
    if (++taken === count) return;
  }
}

/** One field and what is wrong with it. */
interface Fault extends Pick<ValueError, "path" | "value" | "type"> {
  /** What would have been right, e.g. `string` or `number to be less or equal to 2`. */
  expected: string;
  /** The values that would have been right, where they can be counted. */
  choices: unknown[];
  /** Of a field that is not known: those that are. */
  known: string[];
}

/**
 * A union only says that no branch matches. Literals inside, such as `type` or `role`, tell which branch is
 * meant: one whose literals fit, else all, and then their literals are the choices. Of several
 * branches that could be meant, it is the one that went furthest, or whose type at least fits.
 */
function sharpest({ error, branches }: Mismatch): Fault {
  if (branches.length === 0) return faultOf(error);
  const tells = (mismatch: Mismatch) => mismatch.error.path !== error.path && isWrongLiteral(mismatch);
  const meant = branches.filter((mismatches) => !mismatches.some(tells));
  const decisive = meant.length > 0 ? meant : branches.map((mismatches) => mismatches.filter(tells));
  const faults = decisive.flatMap(([first]) => (first ? [sharpest(first)] : []));
  const furthest = faults.toSorted(byPath).at(-1)?.path;
  const there = faults.filter(({ path }) => path === furthest);
  const closest = there.filter((fault) => !isWrongType(fault));
  const hasLiteral = there.some(({ choices }) => choices.length > 0);
  const told = hasLiteral || closest.length === 0 ? there : closest;
  // A literal first: "a number of at least 1 or -1" would read as if both were bounds.
  const expected = told
    .toSorted((a, b) => b.choices.length - a.choices.length)
    .map((fault) => fault.expected);
  return {
    ...(told[0] ?? faultOf(error)),
    expected: [...new Set(expected)].join(" or "),
    choices: hasLiteral && there.every((fault) => valuesOf(fault).length > 0) ? there.flatMap(valuesOf) : [],
  };
}

/** Beside values that can be counted, `true` and `false` are two more. */
const valuesOf = ({ type, choices }: Fault): unknown[] =>
  type === ValueErrorType.Boolean ? [true, false] : choices;

function faultOf({ path, value, message, type, schema }: ValueError): Fault {
  const choices = schema[Kind] === "Literal" ? [schema["const"] as unknown] : [];
  const pattern = type === ValueErrorType.StringPattern ? schema.title : undefined;
  const known = isUnknown({ type }) ? Object.keys((schema["properties"] as object | undefined) ?? {}) : [];
  return { path, value, type, expected: pattern ?? message.replace(/^Expected /, ""), choices, known };
}

/** Whether it is a literal, or a union of nothing but literals, that has another value. */
function isWrongLiteral({ error, branches }: Mismatch): boolean {
  if (error.value === undefined) return false;
  if (branches.length === 0) return error.type === ValueErrorType.Literal;
  return branches.every(([first]) => first && isWrongLiteral(first));
}

/** Deeper is further, and of one array the later item. */
function byPath(a: Fault, b: Fault): number {
  return depthOf(a) - depthOf(b) || a.path.localeCompare(b.path, "en", { numeric: true });
}

function depthOf({ path }: Fault): number {
  return path.split("/").length;
}

/** `/messages/0/role` → `messages.0.role`; `null` for the whole. */
function toParam(path: string): string | null {
  if (path === "") return null;
  return path.slice(1).replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~");
}

function isMissing({ type, value }: Fault): boolean {
  return type === ValueErrorType.ObjectRequiredProperty || value === undefined;
}

const isUnknown = ({ type }: Pick<ValueError, "type">) => type === ValueErrorType.ObjectAdditionalProperties;

function complaint(fault: Fault): string {
  const { choices, expected, value, known, path } = fault;
  if (isUnknown(fault)) {
    const meant = nearest(path.slice(path.lastIndexOf("/") + 1), known);
    return `is not known: ${meant === null ? `there are ${known.join(", ")}` : `did you mean '${meant}'?`}`;
  }
  if (isMissing(fault)) return "is required";
  if (choices.length > 0)
    return `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`;
  return `is not valid: expected ${expected}, got ${kindOf(value)}`;
}

/** Numbers are shown; anything else may be a prompt or a token. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === "") return "an empty string";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function codeOf(fault: Fault): ErrorCode {
  if (isMissing(fault)) return "missing_required_parameter";
  return isWrongType(fault) ? "invalid_type" : "invalid_value";
}

function isWrongType({ choices, type }: Fault): boolean {
  return choices.length === 0 && TYPE_ERRORS.has(type);
}

const TYPE_ERRORS = new Set([
  ValueErrorType.Array,
  ValueErrorType.Boolean,
  ValueErrorType.Integer,
  ValueErrorType.Number,
  ValueErrorType.Object,
  ValueErrorType.String,
  ValueErrorType.Union,
]);
