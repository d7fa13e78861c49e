import pino, { type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";
import type { Config } from "./config/config.ts";
import type { LogLevel } from "./engine/engine.ts";
import type { EventBus } from "./services/events.ts";

/** The structured log: `log.info({ model, ms }, "what happened")`. Never prompt text, never secrets. */
export type Log = Logger;

/** A safety net only: nothing should hand these to the log in the first place. */
const SECRETS = ["hf_token", "token", "authorization", "api_key"];

const REDACTED = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

interface LogOptions {
  /** Also gets every line, for `GET /events`. */
  events?: EventBus;
  /** Where lines go. Default: the standard error output. */
  destination?: DestinationStream;
  /** Whether a person reads it. Default: whether the standard error output is a terminal. */
  terminal?: boolean;
}

/**
 * The log of a process: JSON lines, or readable ones on a terminal, on the standard error output, so that
 * the standard output is left to what a person asked for.
 */
export function createLog(
  { logLevel, logFormat }: Pick<Config, "logLevel" | "logFormat">,
  { events, destination = standardError(), terminal = process.stderr.isTTY === true }: LogOptions = {},
): Log {
  const readable = logFormat === "pretty" || (logFormat === "auto" && terminal);
  const output = readable ? readableLines(destination, terminal) : destination;
  const streams = [{ level: logLevel, stream: output }];
  if (events) streams.push({ level: logLevel, stream: eventLines(events) });
  return pino(
    {
      level: logLevel,
      // Neither process id nor host name: whoever collects logs of several machines adds these.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: "***" },
    },
    pino.multistream(streams),
  );
}

/** Written at once, so that the last lines before an end are there; a reader that went away ends nothing. */
function standardError(): DestinationStream {
  const stream = pino.destination({ dest: 2, sync: true });
  stream.on("error", () => {});
  return stream;
}

/** As a stream of this thread: a worker thread would lose lines at the end of the process. */
function readableLines(destination: DestinationStream, colour: boolean): DestinationStream {
  const format = pretty.prettyFactory({
    colorize: colour && !process.env.NO_COLOR,
    singleLine: true,
    translateTime: "SYS:HH:MM:ss.l",
    levelFirst: false,
  });
  return { write: (line) => destination.write(format(line)) };
}

function eventLines(events: EventBus): DestinationStream {
  return {
    write(line) {
      const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
      events.emit("log", {
        time: Date.parse(String(time)),
        level: toLogLevel(String(level)),
        message: typeof msg === "string" ? msg : "",
        fields,
      });
    },
  };
}

function toLogLevel(label: string): LogLevel {
  if (label === "debug" || label === "info" || label === "warn") return label;
  return label === "trace" ? "debug" : "error";
}
