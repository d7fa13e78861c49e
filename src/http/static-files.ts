import { staticPlugin } from "@elysiajs/static";
import { Elysia } from "elysia";
import { FILE_SECURITY } from "./content-security.ts";

/**
 * `/static/*`: exactly the files that lay in `folder` when the server started. `alwaysStatic` lists them
 * then, without dotfiles and symlinks; the plugin's other mode looks paths up per request and leaks both.
 */
export async function staticFiles(folder: string) {
  const plugin = await staticPlugin({
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
  // The plugin writes and reads ETags without the quotes that are part of them (RFC 9110, 8.8.3).
  return new Elysia({ name: "static-files" })
    .onBeforeHandle(({ headers }) => {
      const known = headers["if-none-match"];
      if (known) headers["if-none-match"] = known.replace(/^(?:W\/)?"(.*)"$/, "$1");
    })
    .onAfterHandle(({ responseValue }) => {
      if (!(responseValue instanceof Response)) return;
      const etag = responseValue.headers.get("etag");
      if (etag) responseValue.headers.set("etag", `"${etag}"`);
    })
    .use(plugin);
}
