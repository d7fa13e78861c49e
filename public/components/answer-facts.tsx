import type { Message } from "../lib/conversation.ts";
import { formatCount, formatSeconds, plural, shortName } from "../lib/format.ts";

/** How fast the answer was, what it took, and how full the context is. */
export function AnswerFacts({ message: { facts, model } }: { message: Message }) {
  const name = model && <span title={model}>{shortName(model)}</span>;
  if (!facts) return name ? <p class="facts">{name}</p> : null;
  const { promptTokens, completionTokens, tokensPerSecond, firstTokenMs, contextLength } = facts;
  const used = promptTokens + completionTokens;
  return (
    <p class="facts">
      {name}
      {tokensPerSecond !== null && (
        <span title="Tokens per second">
          {tokensPerSecond.toFixed(tokensPerSecond < 100 ? 1 : 0)} tokens/s
        </span>
      )}
      {firstTokenMs !== null && (
        <span title="Time to the first token">{formatSeconds(firstTokenMs / 1000)} to the first</span>
      )}
      <span title={`${plural(promptTokens, "token")} of prompt`}>{plural(completionTokens, "token")}</span>
      {contextLength !== null && (
        <span
          class="gauge-place"
          title={`${used.toLocaleString("en")} of ${contextLength.toLocaleString("en")} tokens of context used`}
        >
          <meter
            min={0}
            max={contextLength}
            value={used}
            high={contextLength * 0.85}
            optimum={0}
            aria-label="Context used"
          />
          {formatCount(used)} of {formatCount(contextLength)}
        </span>
      )}
    </p>
  );
}
