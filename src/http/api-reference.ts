import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Elysia } from "elysia";
import { FILE_SECURITY, REFERENCE_SECURITY } from "./content-security.ts";
import { MemoryFile } from "./memory-file.ts";

const VIEWER = dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));

/** Every file of the viewer that is served; its package holds many more. */
const VIEWER_FILES = ["swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css"];
const OWN_FILES = ["reference.js", "reference.css"];

/** `/docs`: a page of ours around swagger-ui, which reads `/docs/json`; nothing comes from another host. */
export class ApiReference {
  readonly #page: MemoryFile;
  readonly #files: ReadonlyMap<string, MemoryFile>;

  private constructor(page: MemoryFile, files: ReadonlyMap<string, MemoryFile>) {
    this.#page = page;
    this.#files = files;
  }

  /**
   * @param own the folder with our page around the viewer
   * @throws when a file is missing, as with an incomplete install
   */
  static async read(own: string): Promise<ApiReference> {
    const files = new Map<string, MemoryFile>();
    for (const path of [
      ...VIEWER_FILES.map((name) => join(VIEWER, name)),
      ...OWN_FILES.map((name) => join(own, name)),
    ])
      files.set(basename(path), await read(path, FILE_SECURITY));
    return new ApiReference(await read(join(own, "index.html"), REFERENCE_SECURITY), files);
  }

  routes() {
    const app = new Elysia({ name: "api-reference" }).get(
      "/docs",
      async ({ request }) => this.#page.response(request),
      { detail: { hide: true } },
    );
    for (const [name, file] of this.#files)
      app.get(`/docs/${name}`, async ({ request }) => file.response(request), { detail: { hide: true } });
    return app;
  }
}

async function read(path: string, security: Record<string, string>): Promise<MemoryFile> {
  const file = Bun.file(path);
  return new MemoryFile(await file.bytes(), {
    ...security,
    "content-type": file.type,
    "cache-control": "no-cache",
  });
}
