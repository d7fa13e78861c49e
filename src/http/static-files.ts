import { staticPlugin } from "@elysiajs/static";
import { FILE_SECURITY } from "./content-security.ts";

/**
 * `/static/*`: exactly the files that lay in `folder` when the server started. `alwaysStatic` lists them
 * then, without dotfiles and symlinks; the plugin's other mode looks paths up per request and leaks both.
 */
export const staticFiles = (folder: string) =>
  staticPlugin({
    assets: folder,
    prefix: "/static",
    alwaysStatic: true,
    // One more file than the limit would switch the plugin to its other mode.
    staticLimit: Infinity,
    headers: FILE_SECURITY,
    indexHTML: false,
    silent: true,
    detail: { hide: true },
  });
