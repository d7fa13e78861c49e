import type { ErrorBody } from "../../schemas/shared.ts";

/** What the program ends with when a command fails; 0 is success and 130 an interruption. */
export const EXIT = { failed: 1, unreachable: 3, interrupted: 130 } as const;

/** A command failed in a way that a person can act on; the message says how. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(
    message: string,
    { exitCode = EXIT.failed, cause }: { exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = "CommandError";
    this.exitCode = exitCode;
  }

  /** For `--json`: the envelope of the API. */
  toBody(): Pick<ErrorBody, "error"> {
    return { error: { message: this.message, type: "command_error", param: null, code: null } };
  }
}

/** The server answered, and said no. */
export class ServerRefusal extends CommandError {
  readonly status: number;
  readonly body: Pick<ErrorBody, "error">;

  constructor(status: number, body: Pick<ErrorBody, "error">) {
    super(body.error.message);
    this.name = "ServerRefusal";
    this.status = status;
    this.body = body;
  }

  /** Stable and machine-readable, e.g. `model_not_found`. */
  get code(): string | null {
    return this.body.error.code;
  }

  override toBody(): Pick<ErrorBody, "error"> {
    return this.body;
  }

  /** Reads the envelope; whatever else stands between may answer in its own way. */
  static from(status: number, text: string): ServerRefusal {
    try {
      const { error } = JSON.parse(text) as Partial<ErrorBody>;
      if (typeof error?.message === "string") return new ServerRefusal(status, { error });
    } catch {
      // Not JSON, so not ours.
    }
    const message = `The server answered with status ${status} and no reason; its log has more`;
    return new ServerRefusal(status, { error: { message, type: "server_error", param: null, code: null } });
  }
}

/** Nothing listens there, or it went away. */
export const notRunning = (url: string, cause?: unknown) =>
  new CommandError(
    `No server answers at ${url}: start one with 'berth serve' (or 'bun start'), or name another one with --url or BERTH_URL`,
    { exitCode: EXIT.unreachable, cause },
  );
