/**
 * The page without a mouse: every view by its keys, every control by Tab, and never a place that lets nobody go.
 */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEYS } from '../../inspector/page/model/route.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { until } from '../support/browser/liveScene.ts';
import { VIEWS } from '../support/browser/views.ts';
import { syntheticFeed } from '../support/inspector/syntheticFeed.ts';

let browser: Browser;
let inspector: ServedInspector;
const feed = syntheticFeed({ actors: 60, stepsPerSecond: 5, storyFromMs: 33_000 });

beforeAll(async () => {
  browser = await launchChromium();
  inspector = await ServedInspector.start({ source: feed, canOperate: true });
});
afterAll(async () => {
  await browser.close();
  await inspector.close();
  feed.close();
});

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

const hashOf = (page: Page): string => new URL(page.url()).hash;

/** What has the focus: where it stands, what it is called, and whether one sees that it has it. */
interface Focused {
  readonly what: string;
  readonly name: string;
  readonly isSeen: boolean;
}

/** More than any view has controls: it would let nobody go. */
const TABS_MAX = 400;

/** Runs in the page; `null` where the focus has left it. */
const FOCUSED = `(() => {
  const { reached } = globalThis;
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  reached?.add(element);
  const labels = [...(element.labels ?? [])].map((label) => label.textContent);
  const by = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent);
  const name = [element.getAttribute('aria-label'), ...by, ...labels, element.textContent, element.getAttribute('title'), element.getAttribute('placeholder')].find((one) => (one ?? '').trim() !== '');
  const all = [...document.querySelectorAll('*')];
  const isRinged = (one) => (getComputedStyle(one).outlineStyle !== 'none' && parseFloat(getComputedStyle(one).outlineWidth) > 0) || getComputedStyle(one).boxShadow !== 'none';
  return {
    what: element.tagName.toLowerCase() + '#' + all.indexOf(element),
    name: (name ?? '').trim().slice(0, 60),
    isSeen: isRinged(element),
  };
})()`;

test('OB-1 each key of the help that leads to a view leads there', async () => {
  const opened = await InspectorInBrowser.open(browser, inspector.newLink());
  const { page } = opened;
  for (const { keys, command } of KEYS) {
    if (!command.startsWith('go:')) continue;
    await press(page, ...keys.split(' '));
    const hash = `#/${command.slice('go:'.length)}`;
    await until(() => hashOf(page) === hash);
    await page.getByRole('main').waitFor();
    expect(hashOf(page)).toBe(hash);
  }
  await opened.close();
});

test('OB-1 the list of actors is searched, gone through and opened by keys alone', async () => {
  const opened = await InspectorInBrowser.open(browser, inspector.newLink());
  const { page } = opened;
  await press(page, 'g', 'a');
  const grid = page.getByRole('grid', { name: 'Actors' });
  await grid.waitFor();
  await press(page, '/');
  await until(async () => (await page.evaluate('document.activeElement.tagName')) === 'INPUT');
  await page.keyboard.type('breaker:');
  await until(async () => (await page.locator('[data-actor]').count()) === 3);
  await press(page, 'Escape', 'j', 'j');
  await until(async () => ((await grid.getAttribute('aria-activedescendant')) ?? '') !== '');
  expect(await page.evaluate('document.activeElement.tagName')).not.toBe('INPUT');
  await press(page, 'Enter');
  await until(() => hashOf(page).startsWith('#/actors/breaker'));
  await page.goBack();
  await until(() => hashOf(page).startsWith('#/actors?'));
  await opened.close();
});

test('OB-1 the help opens and closes by keys, and the focus is where it was', async () => {
  const opened = await InspectorInBrowser.open(browser, inspector.newLink());
  const { page } = opened;
  await press(page, 'Tab', 'Tab');
  const before = await page.evaluate<Focused>(FOCUSED);
  await press(page, '?');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  for (const { says } of KEYS) expect(await dialog.textContent()).toContain(says);
  // The keys of the page are not heard while a dialog is open.
  await press(page, 'g', 'a');
  expect(hashOf(page)).not.toContain('actors');
  await press(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
  expect((await page.evaluate<Focused>(FOCUSED)).name).toBe(before.name);
  await opened.close();
});

/** Runs in the page: what can be used and had never the focus. Rows of a list are gone through by other keys. */
const UNREACHED = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((element) => !element.matches(':disabled') && element.getClientRects().length > 0)
  .filter((element) => !reached.has(element) && element.closest('[role="row"]') === null)
  .map((element) => element.outerHTML.slice(0, 120))`;

test.each(VIEWS)(
  'OB-1 Tab reaches every control of $name, shows where it is, and leaves',
  async (view) => {
    const opened = await InspectorInBrowser.open(browser, inspector.newLink(), { hash: view.hash });
    const { page } = opened;
    await view.isThere(page);
    await page.evaluate(
      `document.querySelector('.skip').focus(); globalThis.reached = new WeakSet()`,
    );
    const seen: Focused[] = [];
    for (let presses = 0; presses < TABS_MAX; presses += 1) {
      const focused = await page.evaluate<Focused | null>(FOCUSED);
      if (focused === null) break;
      seen.push(focused);
      await press(page, 'Tab');
    }
    expect(seen.length).toBeLessThan(TABS_MAX);
    expect(await page.evaluate(UNREACHED)).toEqual([]);
    expect(seen.filter(({ name }) => name === '')).toEqual([]);
    expect(seen.filter(({ isSeen }) => !isSeen).map(({ what, name }) => `${what} ${name}`)).toEqual(
      [],
    );
    await opened.close();
  },
);
