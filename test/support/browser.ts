import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { chromiumPath } from "./chromium.ts";

const ARGUMENTS = [
  // In containers root runs it, and the sandbox then has no user to change to.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  // A container's /dev/shm is small.
  "--disable-dev-shm-usage",
];

/** A tab, and what went wrong in it. */
export interface Tab extends AsyncDisposable {
  page: Page;
  /** What must stay empty: errors of the page and the console, dialogs, requests to other origins. */
  trouble: string[];
}

/** A headless Chromium for the tests of one file. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<TestBrowser> {
    return new TestBrowser(
      await chromium.launch({ executablePath: await chromiumPath(), args: ARGUMENTS, timeout: 60_000 }),
    );
  }

  /**
   * Opens a page in a profile of its own, which remembers nothing of other tests.
   * @param expected what the console may say besides nothing, such as a status that a test asks for
   */
  async open(url: string, options: BrowserContextOptions = {}, expected?: RegExp): Promise<Tab> {
    const context = await this.#browser.newContext({
      viewport: { width: 1280, height: 800 },
      reducedMotion: "reduce",
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const trouble: string[] = [];
    const { origin } = new URL(url);
    context.on("request", (request) => {
      if (!request.url().startsWith(`${origin}/`) && !/^(?:data|blob):/.test(request.url()))
        trouble.push(`request to ${request.url()}`);
    });
    page.on("console", (message) => {
      const text = `${message.type()}: ${message.text()}`;
      if (["error", "warning"].includes(message.type()) && !expected?.test(text)) trouble.push(text);
    });
    page.on("pageerror", (error) => trouble.push(`exception: ${error.stack ?? error.message}`));
    page.on("dialog", (dialog) => {
      trouble.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, trouble, [Symbol.asyncDispose]: () => context.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
