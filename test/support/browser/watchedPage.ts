/**
 * A page in a real browser of which everything is noted that must not happen: requests to elsewhere, errors on the
 * console, violations of the content policy, exceptions, and a secret where it could be logged.
 *
 * @module
 */

import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Page,
  Request,
} from 'playwright-core';

/** A request that the page made, as it went out. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly referer: string | null;
}

/** Told by {@link WatchedPage.faults}. */
const VIOLATION = 'content-policy:';

/** Runs before anything of the page does. */
const WATCH_POLICY = `addEventListener('securitypolicyviolation', (event) => {
  console.error('${VIOLATION} ' + event.violatedDirective + ' ' + event.blockedURI);
}, true)`;

export class WatchedPage {
  readonly page: Page;
  readonly requests: SeenRequest[] = [];
  readonly addresses: string[] = [];
  readonly #context: BrowserContext;
  readonly #said: string[] = [];

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on('request', (request) => this.#note(request));
    page.on('framenavigated', (frame) => this.addresses.push(frame.url()));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        this.#said.push(`console ${message.type()}: ${message.text()}`);
      }
    });
    page.on('pageerror', (error) => this.#said.push(`exception: ${error.message}`));
    page.on('crash', () => this.#said.push('the page crashed'));
  }

  static async open(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    await context.addInitScript(WATCH_POLICY);
    return new WatchedPage(context, await context.newPage());
  }

  /**
   * All that must not have happened since it was opened, a sentence each.
   *
   * @param origin `http://127.0.0.1:<port>`: all that may be asked.
   * @param secrets What stands in no address and no Referer, but for the fragment of the link it was opened by.
   * @param expected What may stand on the console: of a server that is gone, say.
   */
  faults(origin: string, secrets: readonly string[], expected: readonly RegExp[] = []): string[] {
    const outside = this.requests
      .filter(({ url }) => new URL(url).origin !== origin)
      .map(({ method, url }) => `asked elsewhere: ${method} ${url}`);
    const told = this.requests.flatMap(({ url, referer }) =>
      secrets
        .filter((secret) => url.includes(secret) || (referer ?? '').includes(secret))
        .map(() => `a secret in a request or Referer: ${url}`),
    );
    const said = this.#said.filter((line) => !expected.some((pattern) => pattern.test(line)));
    return [...outside, ...told, ...said];
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  #note(request: Request): void {
    const url = request.url();
    // Made by the page out of itself; it goes nowhere.
    if (url.startsWith('data:') || url.startsWith('blob:')) return;
    const seen = { method: request.method(), url, referer: request.headers()['referer'] ?? null };
    this.requests.push(seen);
  }
}
