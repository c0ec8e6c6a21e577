/**
 * The pictures of the charts as a browser draws them: every text is inside its box and beside the others, and
 * they can be read in the light and in the dark.
 */

import { readdirSync, readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contrastsOf, misplacedTexts } from '../support/browser/chartPicture.ts';
import { launchChromium } from '../support/browser/chromium.ts';

const FOLDER = 'docs/machines';
const PICTURES = readdirSync(FOLDER).filter((name) => name.endsWith('.svg'));
/** What the smallest text needs to be read (WCAG 2.2, AA). */
const CONTRAST_MIN = 4.5;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
});

async function shown(
  name: string,
  {
    scheme = 'light',
    change = (svg) => svg,
  }: { readonly scheme?: 'light' | 'dark'; readonly change?: (svg: string) => string } = {},
): Promise<Page> {
  const page = await browser.newPage({ colorScheme: scheme });
  await page.setContent(`<body>${change(readFileSync(`${FOLDER}/${name}`, 'utf8'))}</body>`);
  return page;
}

test('OB-3: in a browser no text of a picture leaves its box or lies on another', async () => {
  expect(PICTURES.length).toBeGreaterThan(5);
  for (const name of PICTURES) {
    const page = await shown(name);
    expect(await misplacedTexts(page), name).toEqual([]);
    await page.close();
  }
});

test('OB-3 control: with larger letters texts leave their boxes, and that is found', async () => {
  const page = await shown('crisis.svg', {
    change: (svg) => svg.replace('font-size:11px', 'font-size:15px'),
  });
  const found = await misplacedTexts(page);
  expect(found.some((fault) => fault.startsWith('outside: '))).toBe(true);
  expect(found.some((fault) => fault.includes(' lies on '))).toBe(true);
});

test('OB-3: each tone of a picture stands out from what is behind it, in light and dark', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    const contrasts = await contrastsOf(await shown('syncOperation.svg', { scheme }));
    expect(contrasts).toHaveLength(7);
    expect(contrasts.filter(([, contrast]) => contrast < CONTRAST_MIN)).toEqual([]);
  }
  // The control: a paler grey is found.
  const pale = await shown('syncOperation.svg', {
    change: (svg) => svg.replace('.hc-order{fill:#57606a}', '.hc-order{fill:#aaaaaa}'),
  });
  const low = (await contrastsOf(pale)).filter(([, contrast]) => contrast < CONTRAST_MIN);
  expect(low.map(([tone]) => tone)).toEqual(['dim', 'order']);
});
