/**
 * A selected actor in a real browser: its chart as it moves, and the page gone back in time, by keys.
 */

import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChartModel } from '../../inspector/charts/chartData.ts';
import type { Step, WatchedActor } from '../../inspector/protocol.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import {
  InspectorInBrowser,
  PHONE,
  ServedInspector,
} from '../support/browser/inspectorInBrowser.ts';
import { until } from '../support/browser/liveScene.ts';
import { ScriptedFeed } from '../support/inspector/scriptedFeed.ts';

const chart = JSON.parse(readFileSync('docs/machines/circuitBreaker.json', 'utf8')) as ChartModel;
const HASH = '#/actors/breaker%3Apayments';

const breaker: WatchedActor = {
  ...{ actor: 1, id: 'breaker:payments', machine: 'circuitBreaker', version: chart.version },
  ...{ states: ['closed'], sinceAtMs: 2_000, about: null },
};

/** The place of the transition that a state has for an event. */
function indexOf(source: string, event: string): number {
  return chart.transitions.findIndex((one) => one.source === source && one.event === event);
}

function stepOf(serial: number, event: string, from: string, to: string): Step {
  return {
    ...{
      serial,
      ring: 'component',
      nth: serial,
      actor: 1,
      atMs: 10_000 + serial,
      event,
      from: [from],
      to: [to],
    },
    transitions: [indexOf(from, event)],
  };
}

const OPENS = stepOf(1, 'outage.detected', 'closed', 'open');
const TRIES = stepOf(2, 'cooldown.due', 'open', 'halfOpen');

/** The states that are marked, as the picture and as a screen reader have them. */
async function marked(page: Page): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(
    `[...document.querySelectorAll('[data-state].active')].map((one) => one.getAttribute('aria-label'))`,
  );
}

async function taken(page: Page): Promise<readonly number[]> {
  return await page.evaluate<readonly number[]>(
    `[...document.querySelectorAll('[data-transition].taken')].map((one) => Number(one.dataset.transition))`,
  );
}

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function opened(
  actor: WatchedActor,
  options: Parameters<typeof InspectorInBrowser.open>[2] = {},
) {
  const feed = new ScriptedFeed([actor]);
  const inspector = await ServedInspector.start({ source: feed });
  const page = await InspectorInBrowser.open(browser, inspector.newLink(), {
    hash: HASH,
    ...options,
  });
  await page.page.locator('[data-states]').waitFor();
  const close = async (): Promise<void> => {
    await page.close();
    await inspector.close();
  };
  return { feed, page: page.page, close };
}

describe('OB-1 a selected actor', () => {
  test('OB-1 its chart marks the state and the last transition, by more than colour', async () => {
    const { feed, page, close } = await opened(breaker);
    await until(async () => (await marked(page)).join() === 'closed, active');
    expect(await taken(page)).toEqual([]);
    feed.tell({ kind: 'steps', steps: [OPENS] });
    await until(async () => (await marked(page)).join() === 'open, active');
    expect(await taken(page)).toEqual(OPENS.transitions);
    const widthOf = (path: string) =>
      page.evaluate<number>(
        `parseFloat(getComputedStyle(document.querySelector('[data-state="${path}"] > .hc-box')).strokeWidth)`,
      );
    expect(await widthOf('open')).toBeGreaterThan(2 * (await widthOf('closed')));
    expect(await page.locator('.hc-badge').count()).toBe(1);
    await close();
  });

  test('OB-1 one that runs another version of its chart is told as text, and marks nothing', async () => {
    const { page, close } = await opened({ ...breaker, version: '999' });
    await page.getByText('The process runs version 999 of circuitBreaker').waitFor();
    expect(await marked(page)).toEqual([]);
    expect(await page.locator('[data-states]').textContent()).toBe('closed');
    await close();
  });

  test('OB-1 the page goes back in time by keys, stays there, and comes back to now', async () => {
    const { feed, page, close } = await opened(breaker);
    feed.tell({ kind: 'steps', steps: [OPENS, TRIES] });
    await until(async () => (await marked(page)).join() === 'halfOpen, active');
    await page.keyboard.press('t');
    await page.getByText('The past:').waitFor();
    await page.keyboard.press('ArrowLeft');
    await until(async () => (await marked(page)).join() === 'open, active');
    // What comes meanwhile changes nothing of the moment that is looked at.
    feed.tell({ kind: 'steps', steps: [stepOf(3, 'probe.succeeded', 'halfOpen', 'closed')] });
    await page.waitForTimeout(300);
    expect(await marked(page)).toEqual(['open, active']);
    await page.keyboard.press('Home');
    await page.keyboard.press('Escape');
    await until(async () => (await marked(page)).join() === 'closed, active');
    expect(await page.getByText('The past:').count()).toBe(0);
    await close();
  });

  test('OB-1 a row of its events leads to the moment right after it', async () => {
    const { feed, page, close } = await opened(breaker);
    feed.tell({ kind: 'steps', steps: [OPENS, TRIES] });
    await page.getByRole('row').filter({ hasText: 'outage.detected' }).click();
    await page.getByText('The past:').waitFor();
    expect(await marked(page)).toEqual(['open, active']);
    await close();
  });

  test('UX-1 its chart is moved and zoomed by keys, and fits a phone', async () => {
    const { page, close } = await opened(breaker, { viewport: PHONE });
    const seen = () => page.locator('svg.hc').getAttribute('viewBox');
    await until(async () => (await marked(page)).length === 1);
    await page.getByRole('group', { name: 'Picture' }).focus();
    const views = [await seen()];
    for (const key of ['+', 'ArrowDown', 'ArrowRight', '0', '-']) {
      await page.keyboard.press(key);
      views.push(await seen());
    }
    expect(new Set(views).size).toBe(views.length);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    await close();
  });
});
