/**
 * How a page gets in and stays in: nothing of its token stands in an address, in the history or in a Referer, and
 * a page that is loaded again goes on.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { WatchedPage } from '../support/browser/watchedPage.ts';
import { syntheticFeed } from '../support/inspector/syntheticFeed.ts';

let browser: Browser;
let inspector: ServedInspector;
const feed = syntheticFeed({ actors: 30, stepsPerSecond: 20 });

beforeAll(async () => {
  browser = await launchChromium();
  inspector = await ServedInspector.start({ source: feed });
});
afterAll(async () => {
  await browser.close();
  await inspector.close();
  feed.close();
});

/** Where this tab has been, as the page itself could go back to. */
async function historyOf({ page }: InspectorInBrowser): Promise<string> {
  const client = await page.context().newCDPSession(page);
  const { entries } = await client.send('Page.getNavigationHistory');
  return entries.map(({ url, title }) => `${url} ${title}`).join('\n');
}

test('AC-2 the token leaves the address at once, and stands in no request, Referer or history', async () => {
  const opened = await InspectorInBrowser.open(browser, inspector.newLink());
  const { page, token } = opened;
  expect(token).toMatch(/^[\w-]{20,}$/);
  expect(page.url()).not.toContain(token);
  await opened.go('#/actors');
  await opened.go('#/');
  await page.goBack();
  await page.goBack();
  expect(page.url()).not.toContain(token);
  const history = await historyOf(opened);
  expect(history).not.toContain(token);
  const session = await opened.session();
  expect(session).toMatch(/^[\w-]{20,}$/);
  expect(session).not.toBe(token);
  expect(history).not.toContain(session);
  expect(opened.watched.requests.map(({ url }) => new URL(url).search).join('')).toBe('');
  expect(opened.watched.requests.map(({ referer }) => referer ?? '').join('')).toBe('');
  const kept = await page.evaluate<string>(
    `JSON.stringify([{ ...localStorage }, document.cookie, document.documentElement.outerHTML])`,
  );
  expect(kept).not.toContain(token);
  expect(kept).not.toContain(session);
  await opened.close();
});

test('AC-2 a page that is loaded again keeps its session, and asks for no other', async () => {
  const opened = await InspectorInBrowser.open(browser, inspector.newLink());
  const session = await opened.session();
  await opened.go('#/actors');
  await opened.page.reload();
  await opened.isLive();
  expect(opened.page.url()).toMatch(/#\/actors$/);
  expect(await opened.session()).toBe(session);
  const entered = opened.watched.requests.filter(({ url }) => url.endsWith('/session'));
  expect(entered).toHaveLength(1);
  await opened.close();
});

/** A browser keeps the address of the first load in a file, whatever the page does about it. */
test('AC-2 a token that was used once is worth nothing, wherever a browser has noted it', async () => {
  const link = inspector.newLink();
  const opened = await InspectorInBrowser.open(browser, link);
  const again = await WatchedPage.open(browser);
  await again.page.goto(link);
  const alert = again.page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toMatch(/used up/i);
  const { origin } = new URL(link);
  expect(again.faults(origin, [opened.token], [/401 \(Unauthorized\)/])).toEqual([]);
  await again.close();
  await opened.close();
});

test('AC-2 without the link there is nothing but a sentence that says what to open', async () => {
  const { url } = inspector.server;
  const watched = await WatchedPage.open(browser);
  await watched.page.goto(url);
  const alert = watched.page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toMatch(/no session.*link/i);
  expect(await watched.page.textContent('body')).not.toContain('breaker:payments');
  expect(watched.faults(new URL(url).origin, [])).toEqual([]);
  await watched.close();
});

test('AC-2 OB-1 an address of the page opens in another tab of the same browser, with no secret in it, and in no other browser', async () => {
  const opened = await InspectorInBrowser.open(browser, inspector.newLink(), { hash: '#/actors' });
  await opened.page.getByRole('grid').waitFor();
  const address = opened.page.url();
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#\/actors$/);
  const second = await opened.page.context().newPage();
  await second.goto(address);
  await second.getByRole('status').filter({ hasText: 'Live' }).first().waitFor();
  await second.getByRole('grid').waitFor();
  expect(second.url()).toBe(address);
  // It stays in when the first one has gone, and lets a third one in.
  await opened.page.close();
  const third = await second.context().newPage();
  await second.reload();
  await third.goto(address);
  for (const page of [second, third]) {
    await page.getByRole('status').filter({ hasText: 'Live' }).first().waitFor();
  }
  const stranger = await WatchedPage.open(browser);
  await stranger.page.goto(address);
  const alert = stranger.page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toMatch(/no session/i);
  await stranger.close();
  await opened.watched.close();
});

test('OB-1 a link with a place opens there, and leaves no token in the address', async () => {
  const link = inspector.server.newLink('/dead-letters?type=payments');
  const opened = await InspectorInBrowser.open(browser, link);
  expect(opened.page.url()).toMatch(/#\/dead-letters\?type=payments$/);
  expect(await opened.page.getByLabel('Part of its type').inputValue()).toBe('payments');
  await opened.close();
});

test('AC-2 a wrong token is refused, and the page says so', async () => {
  const { url } = inspector.server;
  const watched = await WatchedPage.open(browser);
  await watched.page.goto(`${url}/#token=${'x'.repeat(43)}`);
  const alert = watched.page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toMatch(/link/i);
  expect(watched.page.url()).not.toContain('xxx');
  const expected = [/401 \(Unauthorized\)/];
  expect(watched.faults(new URL(url).origin, ['x'.repeat(43)], expected)).toEqual([]);
  await watched.close();
});

test('OB-1 a page says that no process runs on the store, keeps what it last heard, and goes on with the next process', async () => {
  const opened = await InspectorInBrowser.open(browser, inspector.newLink());
  const { page } = opened;
  feed.away(1_500);
  await page.getByRole('status').filter({ hasText: 'Away' }).first().waitFor();
  expect(await page.getByRole('alert').first().textContent()).toMatch(
    /no process runs on the store.*as of/i,
  );
  await opened.isLive();
  await page.getByRole('alert').first().waitFor({ state: 'detached' });
  await opened.close();
});
