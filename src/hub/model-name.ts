import { invalidRequest } from "../errors.ts";

/** What a name can stand for, before anything was looked up. */
export type ModelName = LocalName | HubName | UrlName;

/** Only a file on this machine: a path, or a word. */
export interface LocalName {
  kind: "local";
  path: string;
}

/** A repository on the hub, or the folder of the same name on this machine. */
export interface HubName {
  kind: "hub";
  /** `user/repository` */
  repo: string;
  /** Branch, tag or commit; `null` is the main one. */
  revision: string | null;
  /** Quantisation as it was written, e.g. `Q4_K_M`; `null` leaves the choice. */
  tag: string | null;
  /** Path within the repository; `null` leaves the choice. */
  file: string | null;
}

/** A file anywhere on the web. */
export interface UrlName {
  kind: "url";
  url: URL;
}

/** Hosts whose addresses are names on the hub. */
const HUB_HOSTS = /^(?:www\.)?(?:huggingface\.co|hf\.co)$/i;
const HUB_PREFIX = /^(?:hf:(?:\/\/)?|(?:www\.)?(?:huggingface\.co|hf\.co)\/)/i;

const REPOSITORY = /^\w[\w.-]*\/\w[\w.-]*$/;
/** Neither a slash at an end, nor anything that means another folder. */
const REVISION = /^\w[\w./-]*$/;
const TAG = /^\w[\w.-]*$/;
const GGUF = /\.gguf$/i;
/** A tag that other programs write for "whichever is usual". */
const USUAL = "latest";

/** The path of a page or a file on the hub, after `user/repository/`; a revision's own slashes are `%2F`. */
const PAGE = /^(?:resolve|blob|raw|tree)\/([^/]+)(?:\/(.*))?$/;

/**
 * Reads a name: `user/repo`, `user/repo:Q4_K_M`, `user/repo@revision`, `user/repo/path/file.gguf`, the same after
 * `hf:` or as an address of the hub, any other `https:` address of a GGUF file, and everything else as a path
 * on this machine.
 * @param endpoint address of the hub in use, where it is not the public one
 * @throws ApiError `invalid_value` when it is an address or a hub's name and makes no sense as one
 */
export function parseModelName(text: string, endpoint?: string): ModelName {
  const name = text.trim();
  if (/^https?:/i.test(name)) return parseAddress(name, endpoint);
  if (HUB_PREFIX.test(name)) {
    const found = parseHubName(name.replace(HUB_PREFIX, ""));
    if (found) return found;
    throw invalidName(text, "write hf:user/repository, with :QUANTISATION or /path/file.gguf after it");
  }
  return parseHubName(name) ?? { kind: "local", path: name };
}

/** The folder below the models directory that a repository is downloaded to, and its name without a tag. */
export function folderOf({ repo, revision }: Pick<HubName, "repo" | "revision">): string {
  return revision === null ? repo : `${repo}@${revision.replaceAll("/", "_")}`;
}

/** As a person would write it. */
export function toText(name: HubName): string {
  if (name.file !== null) return `${folderOf(name)}/${name.file}`;
  return name.tag === null ? folderOf(name) : `${folderOf(name)}:${name.tag}`;
}

/** The path below the models directory that the file at an address is downloaded to. */
export const nameOfAddress = (url: URL): string => `${url.host.replaceAll(":", "_")}${decode(url.pathname)}`;

/**
 * Whether a path from elsewhere may be joined to a folder of ours: it leads nowhere else, hides nothing,
 * and is a name on every file system.
 */
export function isSafePath(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are just what must not be there
  if (path === "" || path.length > 1000 || /[\\\u0000-\u001f:*?"<>|]/.test(path)) return false;
  return path.split("/").every((part) => part !== "" && !part.startsWith(".") && part.length <= 255);
}

/** `user/repo`, with a revision after `@` or `#`, a tag after `:` or a file after `/`; `null` when it is none. */
function parseHubName(name: string): HubName | null {
  const [, rest = "", branch] = /^([^#]*)(?:#(.*))?$/.exec(name) ?? [];
  const [user = "", repository = "", ...path] = rest.replace(/\/+$/, "").split("/");
  const file = path.length > 0 ? path.join("/") : null;
  const [, bare = "", at, tag] = /^([^:@]*)(?:@([^:]*))?(?::(.*))?$/.exec(repository) ?? [];
  const repo = `${user}/${bare}`;
  const revision = branch ?? at ?? null;
  if (!REPOSITORY.test(repo) || GGUF.test(bare)) return null;
  if (file !== null && (tag !== undefined || !GGUF.test(file) || !isSafePath(file))) return null;
  if (revision !== null && (!REVISION.test(revision) || revision.includes(".."))) return null;
  if (tag !== undefined && !TAG.test(tag)) return null;
  const isMain = revision === "main";
  return {
    kind: "hub",
    repo,
    revision: isMain ? null : revision,
    tag: tag === undefined || tag.toLowerCase() === USUAL ? null : tag,
    file,
  };
}

function parseAddress(text: string, endpoint: string | undefined): ModelName {
  const url = URL.parse(text);
  if (!url) throw invalidName(text, "it is no well-formed address");
  // Signed addresses carry a secret behind the question mark.
  const plain = `${url.origin}${url.pathname}`;
  const hub = endpoint === undefined ? null : URL.parse(endpoint);
  const within = hub && url.origin === hub.origin ? pathBelow(url, hub) : null;
  const path = HUB_HOSTS.test(url.hostname) ? pathBelow(url, null) : within;
  if (path !== null) {
    const found = parseHubPath(path);
    if (found) return found;
    throw invalidName(plain, "it is neither the page of a repository nor that of a GGUF file in one");
  }
  if (url.protocol !== "https:") throw invalidName(plain, "only https: addresses are downloaded");
  if (url.username !== "" || url.password !== "")
    throw invalidName(plain, "an address must not carry a user or a password");
  const file = decode(url.pathname).split("/").at(-1) ?? "";
  if (!GGUF.test(file) || !isSafePath(file))
    throw invalidName(plain, "the path of an address has to end in the name of a .gguf file");
  return { kind: "url", url };
}

/** @param path as the address has it, percent signs and all */
function parseHubPath(path: string): HubName | null {
  const [user, repository, ...rest] = path.split("/");
  const page = PAGE.exec(rest.join("/"));
  if (!page) return parseHubName(decode(path));
  const [, revision = "", file = ""] = page;
  // A page of a folder or of a text file stands for its repository.
  const model = GGUF.test(file) ? `/${decode(file)}` : "";
  return parseHubName(`${user}/${repository}${model}#${decode(revision)}`);
}

/** The path of an address without the endpoint's own, without slashes at its ends; `null` when it is not below. */
function pathBelow(url: URL, hub: URL | null): string | null {
  const root = hub ? hub.pathname.replace(/\/+$/, "") : "";
  if (!url.pathname.startsWith(`${root}/`)) return null;
  return url.pathname.slice(root.length).replace(/^\/+|\/+$/g, "");
}

/** Undoes percent signs; what is not well encoded stays as it is. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const invalidName = (text: string, why: string) =>
  invalidRequest(`'${text}' can not be the name of a model: ${why}`, "model_name");
