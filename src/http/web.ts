import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Elysia } from "elysia";
import { ApiReference } from "./api-reference.ts";
import { FILE_SECURITY, PAGE_SECURITY, WORKER_SECURITY } from "./content-security.ts";
import { MemoryFile } from "./memory-file.ts";
import { bundlePage, type PageFile } from "./page-bundle.ts";
import { staticFiles } from "./static-files.ts";

const PUBLIC = fileURLToPath(new URL("../../public", import.meta.url));

/** Names that carry the hash of their content never change what they mean. */
const FOREVER = "public, max-age=31536000, immutable";

/** The web page, its assets, `public/static` and the API reference, all built once and served from memory. */
export class WebPage {
  readonly #page: MemoryFile;
  readonly #assets: ReadonlyMap<string, MemoryFile>;
  readonly #reference: ApiReference;
  readonly #static: Awaited<ReturnType<typeof staticFiles>>;

  private constructor(
    page: MemoryFile,
    assets: ReadonlyMap<string, MemoryFile>,
    reference: ApiReference,
    files: Awaited<ReturnType<typeof staticFiles>>,
  ) {
    this.#page = page;
    this.#assets = assets;
    this.#reference = reference;
    this.#static = files;
  }

  /**
   * Bundles `index.html` of the folder.
   * @throws AggregateError with the bundler's messages when the page has a mistake: better no start than a blank page
   */
  static async build(folder = PUBLIC): Promise<WebPage> {
    const { page, assets } = await bundlePage(folder);
    const [reference, files] = await Promise.all([
      ApiReference.read(join(folder, "docs")),
      staticFiles(join(folder, "static")),
    ]);
    return new WebPage(
      new MemoryFile(page.bytes, {
        ...PAGE_SECURITY,
        "content-type": page.type,
        "cache-control": "no-cache",
      }),
      new Map(Array.from(assets, ([path, asset]) => [path, assetFile(asset)])),
      reference,
      files,
    );
  }

  /** Answers `GET /` and `GET /web-interface` with the page. */
  response(request: Request): Promise<Response> {
    return this.#page.response(request);
  }

  /** `GET /web-interface`, `/assets/*`, `/static/*`, `/docs`. `GET /` belongs to the root route, which calls `response`. */
  routes() {
    const app = new Elysia({ name: "web" })
      .get("/web-interface", async ({ request }) => this.response(request), {
        detail: {
          summary: "The web page",
          tags: ["Page"],
          operationId: "getWebInterface",
          responses: { 200: { description: "The page", content: { "text/html": {} } } },
        },
      })
      .use(this.#reference.routes())
      .use(this.#static);
    for (const [path, file] of this.#assets)
      app.get(path, async ({ request }) => file.response(request), { detail: { hide: true } });
    return app;
  }
}

function assetFile({ bytes, type }: PageFile): MemoryFile {
  const security = /javascript/.test(type) ? WORKER_SECURITY : FILE_SECURITY;
  return new MemoryFile(bytes, { ...security, "content-type": type, "cache-control": FOREVER });
}
