/**
 * The minutes of an outage that no page has seen: each page that opens later looks back at them, and so does one that is
 * loaded again.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser } from '../support/browser/inspectorInBrowser.ts';
import { LiveScene, until } from '../support/browser/liveScene.ts';

let browser: Browser;
let scene: LiveScene;

beforeAll(async () => {
  browser = await launchChromium();
  scene = await LiveScene.open();
});
afterAll(async () => {
  await browser.close();
  await scene.close();
});

/** The second of the hour that is looked at. */
async function secondOf(page: InspectorInBrowser['page']): Promise<number> {
  const said = (await page.locator('.time-bar .where').textContent()) ?? '';
  const [, minutes, seconds] = /\d\d:(\d\d):(\d\d\.\d+)/.exec(said) ?? [];
  return Number(minutes) * 60 + Number(seconds);
}

/** The verdict of the outage; at that moment a probe of it may be out. */
const OUTAGE = /payments is (down|being tried again)/;

/** What the overview says of a moment within the outage. */
async function lookBack({
  page,
  go,
}: {
  page: InspectorInBrowser['page'];
  go: () => Promise<void>;
}) {
  await go();
  await page.locator('.time-bar').first().waitFor();
  await page.keyboard.press('t');
  const slider = page.getByRole('slider').first();
  await slider.waitFor();
  await slider.focus();
  await page.keyboard.press('Home');
  const openedAtS = await secondOf(page);
  // An overview is made each second.
  while ((await secondOf(page)) - openedAtS < 1.5) await page.keyboard.press('ArrowRight');
  await page.evaluate(`location.hash = '#/'`);
  const then = page.getByText(/The system as it was at/);
  await then.waitFor();
  return (await page.getByRole('region', { name: 'How it is' }).textContent()) ?? '';
}

test('OB-1 a page that opens after an outage, and one that is loaded again, look back at its verdict', async () => {
  const inspector = await scene.runtime.inspector();
  scene.load();
  scene.payments.startOutage(5_000);
  await until(() => scene.runtime.upstream('payments').breaker === 'open');
  await until(() => scene.runtime.upstream('payments').breaker === 'closed');
  await scene.calm();
  const opened = await InspectorInBrowser.open(browser, inspector.link);
  const go = () => opened.go('#/actors/breaker:payments');
  expect(await lookBack({ page: opened.page, go })).toMatch(OUTAGE);
  await opened.page.reload();
  await opened.isLive();
  expect(await lookBack({ page: opened.page, go })).toMatch(OUTAGE);
  await opened.close();
  await inspector.close();
});
