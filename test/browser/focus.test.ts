/**
 * That the focus of the keyboard is never lost: not when a list makes way to what is open, not when a button goes with
 * what it has done.
 */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/browser/chromium.ts';
import {
  InspectorInBrowser,
  PHONE,
  ServedInspector,
  WIDE,
} from '../support/browser/inspectorInBrowser.ts';
import { syntheticFeed } from '../support/inspector/syntheticFeed.ts';

const SETTINGS = [
  { name: 'wide', options: { viewport: WIDE }, opened: 'Dead letters' },
  { name: 'phone', options: { viewport: PHONE, isMobile: true }, opened: '← All dead letters' },
] as const;

let browser: Browser;
let inspector: ServedInspector;
const feed = syntheticFeed({ actors: 30, stepsPerSecond: 20 });

beforeAll(async () => {
  browser = await launchChromium();
  inspector = await ServedInspector.start({ source: feed, canOperate: true });
});
afterAll(async () => {
  await browser.close();
  await inspector.close();
  feed.close();
});

/** The name of what has the focus. */
async function focused(page: Page): Promise<string | null> {
  return await page.evaluate<string | null>(
    `document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.slice(0, 40)`,
  );
}

describe.each(SETTINGS)('AC-2 the focus, $name', ({ options, opened: whenOpened }) => {
  test('AC-2 goes to what is open where the list makes way, and back to the list by Escape', async () => {
    const opened = await InspectorInBrowser.open(browser, inspector.newLink(), {
      ...{ ...options, hash: '#/dead-letters' },
    });
    const { page } = opened;
    await page.locator('.drawn .row').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByText('What happened to it').waitFor();
    await expect.poll(() => focused(page)).toBe(whenOpened);
    await page.keyboard.press('Escape');
    await page.getByText('What happened to it').waitFor({ state: 'detached' });
    await expect.poll(() => focused(page)).toBe('Dead letters');
    await opened.close();
  });

  test('AC-2 stays on what reads again, and goes to the list when there is no more to read', async () => {
    const opened = await InspectorInBrowser.open(browser, inspector.newLink(), {
      ...{ ...options, hash: '#/dead-letters' },
    });
    const { page } = opened;
    await page.getByRole('button', { name: 'Read again' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForTimeout(500);
    expect(await focused(page)).toBe('Read again');
    const further = page.getByRole('button', { name: 'Look further' });
    await further.focus();
    while ((await further.count()) > 0) {
      await page.keyboard.press('Enter');
      await page.waitForTimeout(100);
    }
    await expect.poll(() => focused(page)).toBe('Dead letters');
    await opened.close();
  });

  test('AC-2 stays in the bar of the time travel, there and back', async () => {
    const opened = await InspectorInBrowser.open(browser, inspector.newLink(), {
      ...{ ...options, hash: '#/actors/supervisor' },
    });
    const { page } = opened;
    await page.getByRole('button', { name: 'Step before' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Back to now' }).waitFor();
    expect(await focused(page)).toBe('Step before');
    await page.getByRole('button', { name: 'Back to now' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Back to now' }).waitFor({ state: 'detached' });
    await expect.poll(() => focused(page)).toBe('Step before');
    await opened.go('#/actors');
    await page.locator('.drawn .row').first().waitFor();
    await page.keyboard.press('t');
    await expect.poll(() => focused(page)).toBe('Moment');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Actors');
    await opened.close();
  });

  test('OB-1 each view begins at its top, where what is worst stands', async () => {
    const opened = await InspectorInBrowser.open(browser, inspector.newLink(), {
      ...{ ...options, hash: '#/actors/supervisor' },
    });
    const { page } = opened;
    await page.getByText('What can come next').waitFor();
    await page.evaluate('scrollTo(0, 600)');
    expect(await page.evaluate<number>('scrollY')).toBeGreaterThan(100);
    await opened.go('#/');
    await page.getByRole('region', { name: 'How it is' }).waitFor();
    await expect.poll(() => page.evaluate<number>('scrollY')).toBe(0);
    await opened.close();
  });
});
