/**
 * Lists of the page: ids that are copied, a filter that takes a part of a type and says what there is, the last row by
 * `End`, and the views of the navigation on a phone.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FeedMessage } from '../../inspector/protocol.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import {
  InspectorInBrowser,
  PHONE,
  ServedInspector,
} from '../support/browser/inspectorInBrowser.ts';
import { type Answers, ScriptedFeed } from '../support/inspector/scriptedFeed.ts';
import { overviewAt } from '../support/inspector/syntheticStory.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const ids = Array.from(
  { length: 120 },
  (_, at) => `01a22ad5-0000-7000-8000-${String(at).padStart(12, '0')}`,
);
const LETTERS = ids.map((id, at) => ({
  ...{ id, type: at % 2 === 0 ? 'payments.push' : 'mail.send', tier: 'basic', priority: 'normal' },
  ...{ attempts: 5, code: 'HF_UPSTREAM_REFUSED', acceptedAtMs: 1_000, deadLetteredAtMs: 2_000 },
  ...{ expiresAtMs: null, mayBeApplied: false },
}));
const ANSWERS: Answers = {
  'deadLetter.page': ({ filter }) => {
    const { typePart = '' } = filter as { readonly typePart?: string };
    return { letters: LETTERS.filter(({ type }) => type.includes(typePart)), nextSeq: null };
  },
};

async function opened(hash: string, options: object = {}) {
  const feed = new ScriptedFeed([], ANSWERS);
  const inspector = await ServedInspector.start({ source: feed });
  const shown = await InspectorInBrowser.open(browser, inspector.newLink(), { hash, ...options });
  const close = async (): Promise<void> => {
    await shown.close();
    await inspector.close();
  };
  return { feed, shown, page: shown.page, close };
}

test('OB-1 an id in a list is copied whole by its button, and nothing opens', async () => {
  const { page, close } = await opened('#/dead-letters', {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await page.getByRole('button', { name: `Copy the id ${ids[0]}` }).click();
  await page.getByText('✓').first().waitFor();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(ids[0]);
  expect(page.url()).toMatch(/#\/dead-letters$/);
  await close();
});

test('OP-5 dead letters are narrowed by a part of a type, and the field says what there is', async () => {
  const { page, close } = await opened('#/dead-letters');
  const field = page.getByLabel('Part of its type');
  await page.getByText('120', { exact: true }).waitFor();
  const list = await field.getAttribute('list');
  const hints = await page
    .locator(`datalist[id="${list}"] option`)
    .evaluateAll((options) =>
      options.map((option) => (option as unknown as { value: string }).value),
    );
  expect(hints).toEqual(['mail.send', 'payments.push']);
  await field.fill('pay');
  await field.press('Enter');
  await page.getByText('60', { exact: true }).waitFor();
  expect(page.url()).toContain('type=pay');
  expect(await page.getByRole('row').filter({ hasText: 'mail.send' }).count()).toBe(0);
  await close();
});

test.each([620, 760, 900])(
  'OB-1 End shows the last row whole, in a window of %i pixels',
  async (height) => {
    const { page, close } = await opened('#/dead-letters', { viewport: { width: 1_280, height } });
    const grid = page.getByRole('grid');
    await page.getByRole('row').filter({ hasText: 'payments.push' }).first().waitFor();
    await grid.focus();
    await page.keyboard.press('End');
    const last = page.locator(`[id="row-${ids.at(-1)}"]`);
    await last.waitFor();
    const [row, frame] = [await last.boundingBox(), await grid.boundingBox()];
    if (row === null || frame === null) throw new Error('nothing is shown');
    expect(row.y + row.height).toBeLessThanOrEqual(frame.y + frame.height + 1);
    expect(row.y + row.height).toBeLessThanOrEqual(height + 1);
    await close();
  },
);

test('OB-1 on a phone every view is seen with its count, which has commas', async () => {
  const { feed, shown, page, close } = await opened('#/', { viewport: PHONE });
  const overview = overviewAt(Date.now(), 5_000, {
    ...{ live: 1, accepted: 9, ended: {}, attempts: 9 },
  });
  const told: FeedMessage = {
    kind: 'overview',
    overview: { ...overview, waiting: { ...overview.waiting, deadLettered: 12_500 } },
  };
  feed.tell(told);
  await page.getByText('12,500').first().waitFor();
  await shown.picture('phone-views');
  const links = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
  const boxes = await Promise.all((await links.all()).map((link) => link.boundingBox()));
  expect(boxes).toHaveLength(8);
  for (const box of boxes) {
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(PHONE.width);
  }
  expect(await links.filter({ hasText: 'Dead letters' }).textContent()).toBe('Dead letters12,500');
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  expect(width).toBeLessThanOrEqual(PHONE.width);
  await close();
});
