import { invalidRequest } from "../errors.ts";

interface Streamable {
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean | null } | null;
}

/**
 * Whether a stream ends with a chunk of token counts.
 * @throws ApiError `invalid_value` for stream options without a stream, as the OpenAI API has it
 */
export function wantsUsage({ stream, stream_options }: Streamable): boolean {
  if (stream_options && !stream)
    throw invalidRequest("'stream_options' is only allowed when 'stream' is true", "stream_options");
  return stream_options?.include_usage ?? false;
}
