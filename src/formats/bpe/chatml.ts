import { TURN_END, TURN_START } from "./vocabulary.ts";

/** ChatML as a Jinja template: any role, each turn between `<|im_start|>role` and `<|im_end|>`. */
export const CHATML = [
  "{%- for message in messages -%}",
  `{{- '${TURN_START}' + message['role'] + '\\n' + (message['content'] or '') + '${TURN_END}' + '\\n' -}}`,
  "{%- endfor -%}",
  `{%- if add_generation_prompt -%}{{- '${TURN_START}assistant\\n' -}}{%- endif -%}`,
].join("\n");
