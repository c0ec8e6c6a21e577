/**
 * A chart as somebody reads it who has no clone: they approve it by the text that the page makes, and every word of a
 * live drawing can be read, also of what can't come next.
 */

import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readApprovals } from '../../inspector/charts/approvals.ts';
import type { ChartModel } from '../../inspector/charts/chartData.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { ScriptedFeed } from '../support/inspector/scriptedFeed.ts';

const chart = JSON.parse(readFileSync('docs/machines/circuitBreaker.json', 'utf8')) as ChartModel;
const [open = ''] = chart.states.flatMap(({ path, name }) => (name === 'open' ? [path] : []));

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function opened(hash: string, options: object = {}) {
  const breaker = {
    ...{ actor: 1, id: 'breaker:payments', machine: 'circuitBreaker', version: chart.version },
    ...{ states: [open], sinceAtMs: 1_000, about: null },
  };
  const inspector = await ServedInspector.start({ source: new ScriptedFeed([breaker]) });
  const shown = await InspectorInBrowser.open(browser, inspector.newLink(), { hash, ...options });
  const close = async (): Promise<void> => {
    await shown.close();
    await inspector.close();
  };
  return { shown, page: shown.page, close };
}

test('OB-4 who has no clone approves a chart by the text that the page makes of it', async () => {
  const { page, close } = await opened('#/charts/circuitBreaker', {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const panel = page.getByRole('region', { name: 'Approve it' });
  await panel.waitFor();
  expect(await panel.locator('pre').count()).toBe(0);
  await panel.getByLabel('Your name').fill('A. Moreau');
  await panel.getByLabel(/^What you are/).fill('clinical lead');
  await panel.getByRole('button', { name: 'Copy' }).click();
  await panel.getByText('Copied.').waitFor();
  const text = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(text).toBe(await panel.locator('pre').textContent());
  expect(readApprovals(text)).toEqual([
    expect.objectContaining({
      ...{ machine: 'circuitBreaker', hash: chart.hash },
      ...{ name: 'A. Moreau', role: 'clinical lead' },
    }),
  ]);
  await close();
});

/** Of each text of the drawing, against what it stands on: the worst, by the rule of WCAG. */
const WORST = `(() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((one) => {
      const part = Number(one) / (colour.startsWith('color(') ? 1 : 255);
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opacity = (element) => {
    let all = 1;
    for (let at = element; at !== null; at = at.parentElement) all *= Number(getComputedStyle(at).opacity);
    return all;
  };
  return [...document.querySelectorAll('.hc.lit .hc-link:not(.possible, .taken)')].map((link) => {
    const under = light(getComputedStyle(link.querySelector('.hc-pill')).fill);
    return Math.min(...[...link.querySelectorAll('text, tspan')].map((one) => {
      const over = light(getComputedStyle(one).fill);
      const [high, low] = [Math.max(over, under), Math.min(over, under)];
      return opacity(one) < 1 ? 1 : (high + 0.05) / (low + 0.05);
    }));
  });
})()`;

test.each(['light', 'dark'])(
  'OB-1 what can not come next stays legible, in %s',
  async (colorScheme) => {
    const { shown, page, close } = await opened('#/actors/breaker:payments', { colorScheme });
    await page.locator('.hc.lit').waitFor();
    const worst = await page.evaluate<readonly number[]>(WORST);
    expect(worst.length).toBeGreaterThan(3);
    expect(Math.min(...worst)).toBeGreaterThanOrEqual(4.5);
    await shown.picture(`dimmed-${colorScheme}`);
    await close();
  },
);
