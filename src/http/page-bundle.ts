import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the bundle's files are served. */
const ASSETS = "/assets/";

const NAMING = { entry: "[name]-[hash].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" };

const COMMON = {
  target: "browser",
  minify: true,
  splitting: true,
  publicPath: ASSETS,
  naming: NAMING,
  // React's runtime would be the default, and the one for development where NODE_ENV does not say otherwise.
  jsx: { runtime: "automatic", importSource: "preact", development: false },
} as const;

export interface PageFile {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
}

export interface PageBundle {
  page: PageFile;
  /** By path; the names carry a hash of the content. */
  assets: Map<string, PageFile>;
}

/**
 * Bundles `index.html` of the folder, in memory. What the page loads by address and only when it is
 * needed (the reader of PDF files is a worker, the formulas' style sheet brings fonts) is built first,
 * so that the page knows the hashed names.
 * @throws AggregateError with the bundler's messages when the page has a mistake
 */
export async function bundlePage(folder: string): Promise<PageBundle> {
  const assets = await formulaFonts();
  const late = await Bun.build({
    ...COMMON,
    entrypoints: [join(folder, "pdf-worker.ts"), join(folder, "formulas.css")],
    root: folder,
    external: [`${ASSETS}*`],
    plugins: [formulaFontNames(new Map([...assets.keys()].map((path) => [fontName(path), path])))],
  });
  const lateNames = await keep(late.outputs, assets);
  const main = await Bun.build({
    ...COMMON,
    entrypoints: [join(folder, "index.html")],
    root: folder,
    define: {
      "import.meta.env.PDF_WORKER": named(lateNames, /pdf-worker-.*\.js$/),
      "import.meta.env.FORMULA_STYLES": named(lateNames, /formulas-.*\.css$/),
    },
  });
  const html = main.outputs.find((output) => output.type.startsWith("text/html"));
  if (!html) throw new Error(`The bundle of ${folder}/index.html contains no page`);
  await keep(
    main.outputs.filter((output) => output !== html),
    assets,
  );
  return { page: { bytes: await bytesOf(html), type: "text/html; charset=utf-8" }, assets };
}

/** @returns the paths of the files that were put among the assets */
async function keep(outputs: Bun.BuildArtifact[], assets: Map<string, PageFile>): Promise<string[]> {
  const paths: string[] = [];
  for (const output of outputs) {
    // A style sheet as entry point leaves an empty script beside it.
    if (output.size === 0) continue;
    const path = ASSETS + output.path.replace(/^\.\//, "");
    assets.set(path, { bytes: await bytesOf(output), type: output.type });
    paths.push(path);
  }
  return paths;
}

/** A path as source text; empty files leave nothing to name. */
const named = (paths: string[], name: RegExp): string =>
  JSON.stringify(paths.find((path) => name.test(path)) ?? "");

const bytesOf = async (output: Blob) => new Uint8Array(await output.arrayBuffer());

/** KaTeX's fonts under hashed names; the bundler would put them into the style sheet itself, all of them. */
async function formulaFonts(): Promise<Map<string, PageFile>> {
  const folder = join(fileURLToPath(import.meta.resolve("katex/dist/katex.min.css")), "..", "fonts");
  const fonts = new Map<string, PageFile>();
  for await (const name of new Bun.Glob("*.woff2").scan(folder)) {
    const bytes = await Bun.file(join(folder, name)).bytes();
    const hash = Bun.hash(bytes).toString(36).padStart(8, "0").slice(0, 8);
    fonts.set(`${ASSETS}${basename(name, ".woff2")}-${hash}.woff2`, { bytes, type: "font/woff2" });
  }
  return fonts;
}

const fontName = (path: string) => basename(path).replace(/-[^-]+$/, ".woff2");

/** Points KaTeX's style sheet to `paths`, by file name, and drops the older formats beside WOFF2. */
function formulaFontNames(paths: ReadonlyMap<string, string>): Bun.BunPlugin {
  return {
    name: "formula-fonts",
    setup(build) {
      build.onLoad({ filter: /katex\.min\.css$/ }, async ({ path }) => {
        const css = (await Bun.file(path).text())
          .replaceAll(/,url\([^)]*\) format\("(?:woff|truetype)"\)/g, "")
          .replaceAll(/url\(fonts\/([^)]+)\)/g, (_, name: string) => `url(${paths.get(name)})`);
        return { contents: css, loader: "css" };
      });
    },
  };
}
