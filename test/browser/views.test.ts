/**
 * Every view of the page, in light, in dark and on a narrow phone: nothing serious for a screen reader or weak eyes,
 * nothing wider than the screen, and a picture of each.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axeFaults } from '../support/browser/accessibility.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import {
  InspectorInBrowser,
  PHONE,
  ServedInspector,
  WIDE,
} from '../support/browser/inspectorInBrowser.ts';
import { tooWide } from '../support/browser/tooWide.ts';
import { DETAILS, OVER_VIEWS, VIEWS } from '../support/browser/views.ts';
import { syntheticFeed } from '../support/inspector/syntheticFeed.ts';

/** In the midst of an outage, with a crisis that has escalated: most of what can be shown is. */
const STORY_FROM_MS = 33_000;

const SETTINGS = [
  { name: 'light', options: { colorScheme: 'light', viewport: WIDE } },
  { name: 'dark', options: { colorScheme: 'dark', viewport: WIDE } },
  { name: 'phone', options: { colorScheme: 'light', viewport: PHONE, isMobile: true } },
  { name: 'phone-dark', options: { colorScheme: 'dark', viewport: PHONE, isMobile: true } },
] as const;

let browser: Browser;
let inspector: ServedInspector;
const feed = syntheticFeed({
  ...{ actors: 300, stepsPerSecond: 40, storyFromMs: STORY_FROM_MS },
});

beforeAll(async () => {
  browser = await launchChromium();
  inspector = await ServedInspector.start({ source: feed, canOperate: true });
});
afterAll(async () => {
  await browser.close();
  await inspector.close();
  feed.close();
});

describe.each(SETTINGS)('OB-1 AC-2 $name', ({ name, options }) => {
  let opened: InspectorInBrowser;
  beforeAll(async () => {
    opened = await InspectorInBrowser.open(browser, inspector.newLink(), options);
  });
  afterAll(() => opened.close());

  test.each([...VIEWS, ...(name === 'phone-dark' ? [] : [...DETAILS, ...OVER_VIEWS])])(
    'OB-1 $name has nothing serious for axe, and fits the screen',
    async (view) => {
      await opened.go(view.hash);
      await view.isThere(opened.page);
      await opened.picture(`${view.name}-${name}`);
      expect(await tooWide(opened.page)).toBe('');
      expect(await axeFaults(opened.page)).toEqual([]);
      await view.leave?.(opened.page);
    },
  );
});

test('OB-1 every link of the navigation leads to a view that is looked at here', async () => {
  const opened = await InspectorInBrowser.open(browser, inspector.newLink());
  const links = await opened.page
    .locator('nav a')
    .evaluateAll((all) => all.map((link) => (link as unknown as { readonly hash: string }).hash));
  expect(links.length).toBeGreaterThan(1);
  const known = VIEWS.map(({ hash }) => hash);
  expect(links.filter((link) => !known.includes(link))).toEqual([]);
  await opened.close();
});
