import { Kind, type TSchema } from "@sinclair/typebox";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";
import type { ValidationError } from "elysia";
import { type ApiError, invalidRequest } from "../errors.ts";

/** A request that does not match its schema, told in terms of the field at fault. */
export function explainInvalid({ valueError, type: where }: ValidationError): ApiError {
  if (!valueError) return invalidRequest(`The ${where} is not valid`);
  const fault = sharpest(valueError);
  const param = toParam(fault.path);
  if (param === null) {
    const message = `The request ${where} must be a JSON object, not ${nameOf(fault.value)}`;
    return invalidRequest(
      where === "body" ? message : `The ${where} ${complaint(fault)}`,
      undefined,
      "invalid_type",
    );
  }
  return invalidRequest(`'${param}' ${complaint(fault)}`, param, codeOf(fault));
}

/** A fault with the values that would have been right, where they can be counted. */
interface Fault extends Pick<ValueError, "path" | "value" | "message" | "type"> {
  choices: unknown[];
}

/**
 * A union only says that no branch matches. The branch that is meant is the one whose fault lies deepest;
 * at the same depth the branches are alternatives, and their literals are the choices.
 */
function sharpest(error: ValueError): Fault {
  const branches = branchErrors(error);
  if (branches.length === 0) return { ...pick(error), choices: literal(error.schema) };
  const faults = branches.map(sharpest);
  const depth = Math.max(...faults.map(depthOf));
  const deepest = faults.filter((fault) => depthOf(fault) === depth);
  const [first] = deepest;
  if (!first || deepest.length === 1) return first ?? { ...pick(error), choices: [] };
  const choices = deepest.flatMap((fault) => fault.choices);
  return { ...pick(error), path: first.path, value: first.value, choices };
}

/** The first fault of each branch of a union, leaving out `null`, which stands for "unset". */
function branchErrors(error: ValueError): ValueError[] {
  if (error.type !== ValueErrorType.Union) return [];
  return error.errors
    .flatMap((branch) => branch.First() ?? [])
    .filter((branch) => branch.type !== ValueErrorType.Null);
}

function pick({ path, value, message, type }: ValueError) {
  return { path, value, message, type };
}

function literal(schema: TSchema): unknown[] {
  return schema[Kind] === "Literal" ? [schema["const"]] : [];
}

function depthOf({ path }: Fault): number {
  return path.split("/").length;
}

/** `/messages/0/role` → `messages.0.role`; `null` for the whole. */
function toParam(path: string): string | null {
  if (path === "") return null;
  return path.slice(1).replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~");
}

function complaint({ choices, type, message, value }: Fault): string {
  if (type === ValueErrorType.ObjectRequiredProperty || value === undefined) return "is required";
  if (choices.length > 0)
    return `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`;
  return `is not right: ${message.toLowerCase()}, got ${nameOf(value)}`;
}

/** What a value is, without telling it: it may be a prompt or a token. */
function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return String(value);
  if (value === undefined) return "nothing";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function codeOf({ type, choices, value }: Fault): string {
  if (type === ValueErrorType.ObjectRequiredProperty || value === undefined)
    return "missing_required_parameter";
  return choices.length === 0 && TYPE_ERRORS.has(type) ? "invalid_type" : "invalid_value";
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
