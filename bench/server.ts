import { type Contender, promptOf, timed } from "./protocol.ts";

/** A whole server at `url`, asked as clients ask it: streamed completions over HTTP. */
export function serverAt(name: string, url: string, model: string, close: () => Promise<void>): Contender {
  return {
    name,
    run: (round) =>
      timed(round.streams, async (index, onFirst) => {
        const response = await fetch(`${url}/v1/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            model,
            prompt: promptOf(round, index),
            max_tokens: round.tokens,
            temperature: 0,
            top_k: 0,
            ignore_eos: true,
            stream: true,
          }),
        });
        if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`);
        const decoder = new TextDecoder();
        let end = "";
        for await (const chunk of response.body) {
          const text = decoder.decode(chunk, { stream: true });
          if (end === "" && text.includes('"text"')) onFirst();
          end = (end + text).slice(-64);
        }
        if (!end.endsWith("data: [DONE]\n\n")) throw new Error(`the stream ended early: …${end}`);
      }),
    close,
  };
}
