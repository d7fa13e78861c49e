import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { modelNames } from "./client/model-names.ts";
import { say } from "./terminal/output.ts";

/** The script of each shell has to be in force before Tab does anything. */
const EXAMPLES = `
Examples:
  $ source <(berth complete bash)           in ~/.bashrc; zsh likewise
  $ berth complete fish > ~/.config/fish/completions/berth.fish
  $ berth complete powershell >> $PROFILE`;

/** What the script for bash takes from the package bash-completion, which is not everywhere. */
const BASH_WORDS = `
if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        local line=\${COMP_LINE:0:COMP_POINT}
        read -ra words <<< "$line"
        [[ $line == *[[:space:]] ]] && words+=("")
        cword=$((\${#words[@]} - 1))
        cur=\${words[cword]}
        prev=\${words[cword - 1]}
    }
fi
`.trim();

/**
 * `berth complete <shell>` prints the shell's script, which then asks `berth complete -- …` while a person types:
 * for verbs, their options, and the models of the running server. To be added after all other verbs.
 */
export function addCompletion(program: Command): void {
  const verbs = program.commands.slice();
  const completion = tab(program);
  let models: string[] = [];
  for (const verb of verbs) {
    const completed = completion.commands.get(verb.name());
    if (!completed) continue;
    if (verb.registeredArguments[0]?.name() === "model")
      completed.argument("model", (complete) => {
        for (const name of models) complete(name, "");
      });
    for (const alias of verb.aliases()) completion.commands.set(alias, completed);
  }
  program.commands
    .find((command) => command.name() === "complete")
    ?.description("print the script by which a shell completes commands")
    .addHelpText("after", EXAMPLES)
    .hook("preAction", async (_, { args: [word = "", ...words] }) => {
      if (word === "bash") say(BASH_WORDS);
      const verb = verbs.find((command) => command.name() === word || command.aliases().includes(word));
      if (verb) models = await modelNames(verb.name(), words);
    });
}
