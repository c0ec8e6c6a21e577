/**
 * The built page of the inspector, served by the real server over any feed, in a real browser.
 *
 * @module
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { FeedSource } from '../../../inspector/protocol.ts';
import {
  type InspectorServer,
  startInspectorServer,
} from '../../../inspector/server/inspectorServer.ts';
import { INSPECTOR_CALLS } from '../../../src/inspect/startInspector.ts';
import { WatchedPage } from './watchedPage.ts';

/** What `npm run build` makes. */
export const BUILT_PAGE = 'dist/inspector';
const PICTURES = 'node_modules/.cache/holdfast-browser';

export const WIDE = { width: 1_280, height: 900 };
/** The narrowest that phones are. */
export const PHONE = { width: 360, height: 740 };

export interface InspectorOptions {
  readonly source: FeedSource;
  readonly canOperate?: boolean;
  readonly assets?: string;
  readonly port?: number;
}

/** Serves the page on a free port; what goes wrong there is thrown when it is closed. */
export class ServedInspector {
  readonly server: InspectorServer;
  readonly #errors: readonly unknown[];

  private constructor(server: InspectorServer, errors: readonly unknown[]) {
    this.server = server;
    this.#errors = errors;
  }

  static async start(options: InspectorOptions): Promise<ServedInspector> {
    const errors: unknown[] = [];
    const server = await startInspectorServer({
      ...{ assets: BUILT_PAGE, port: 0, canOperate: false },
      ...options,
      ...{ calls: INSPECTOR_CALLS, clock: systemClock },
      onError: (error) => {
        errors.push(error);
      },
    });
    return new ServedInspector(server, errors);
  }

  /** A link that nobody has used. */
  newLink(): string {
    return this.server.newLink();
  }

  async close(): Promise<void> {
    await this.server.close();
    expect(this.#errors).toEqual([]);
  }
}

/** The page as a person has it open. */
export class InspectorInBrowser {
  readonly watched: WatchedPage;
  readonly #link: URL;
  readonly #expected: RegExp[] = [];

  private constructor(watched: WatchedPage, link: URL) {
    this.watched = watched;
    this.#link = link;
  }

  /** Opens the link, and waits until the page hears something. */
  static async open(
    browser: Browser,
    link: string,
    { hash = '', ...options }: BrowserContextOptions & { readonly hash?: string } = {},
  ): Promise<InspectorInBrowser> {
    const watched = await WatchedPage.open(browser, { viewport: WIDE, ...options });
    await watched.page.goto(link);
    const opened = new InspectorInBrowser(watched, new URL(link));
    await opened.isLive();
    if (hash !== '') await opened.go(hash);
    return opened;
  }

  get page(): Page {
    return this.watched.page;
  }

  get token(): string {
    return new URLSearchParams(this.#link.hash.slice(1)).get('token') ?? '';
  }

  /** The session that the page keeps; `''` for none. */
  async session(): Promise<string> {
    const kept = await this.page.evaluate<string>(`JSON.stringify({ ...sessionStorage })`);
    return /"session\\*":\\*"([\w-]{20,})/.exec(kept)?.[1] ?? '';
  }

  async isLive(): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: 'Live' }).first().waitFor();
  }

  /** To a view, as a link in the page leads there. */
  async go(hash: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  }

  /** A picture for whoever looks at what the tests saw. */
  async picture(name: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`) });
  }

  /** What may stand on the console: of a request that a test lets fail. */
  expectOnConsole(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  /** Closes it; throws where something has happened that must not. */
  async close(): Promise<void> {
    const secrets = [this.token, await this.session().catch(() => '')].filter((one) => one !== '');
    await this.watched.close();
    expect(this.watched.faults(this.#link.origin, secrets, this.#expected)).toEqual([]);
  }
}
