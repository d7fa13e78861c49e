/** Endpoints as the server's messages name them, and the command for each. */
const COMMANDS: readonly [RegExp, (name: string) => string][] = [
  [/DELETE \/undeploy\?model_name=(\S+)/g, (name) => `'berth undeploy ${quoted(decodeURIComponent(name))}'`],
  [/DELETE \/undeploy\b/g, () => "'berth undeploy'"],
  [/POST \/deploy\b/g, () => "'berth deploy'"],
  [/POST \/models\/pull\b/g, () => "'berth pull'"],
  [/GET \/downloads\/\S+\/events/g, () => "'berth pull'"],
  [/GET \/status\b/g, () => "'berth status'"],
  [/GET \/models\b(?!\/)/g, () => "'berth list'"],
  [/"force": true/g, () => "--force"],
  [
    /(pass .+?) as hf_token(?: in the request)? or in HF_TOKEN(?: in the environment of the server)?/g,
    (passIt) => `${passIt} to 'berth pull' as --hf-token, or in HF_TOKEN here or of the server`,
  ],
];

/** A message of the server for somebody who types commands: what it says of endpoints is said of these. */
export function inCommands(message: string): string {
  return COMMANDS.reduce(
    (text, [endpoint, command]) => text.replace(endpoint, (_, name: string) => command(name)),
    message,
  );
}

const quoted = (name: string) => (/^[\w./:@-]+$/.test(name) ? name : JSON.stringify(name));
