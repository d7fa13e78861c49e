/** On the standard output: what was asked for. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** On the standard error output: what a person should know besides; `console.error` would colour it. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Ends the program when whoever reads its output has seen enough, as in `berth logs | head`. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}
