/**
 * The page over a real runtime under load, through the real server: what it shows is what is so, while its
 * upstream goes down and comes back; and nothing of the work stands in it.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { FeedMessage, FeedSource } from '../../inspector/protocol.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { CANARY, LiveScene, until } from '../support/browser/liveScene.ts';
import { overviewFaults } from '../support/browser/shownTruth.ts';
import { VIEWS } from '../support/browser/views.ts';

let browser: Browser;
let scene: LiveScene;
const open: (() => Promise<void>)[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  scene = await LiveScene.open();
});
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
  await scene.calm();
});
afterAll(async () => {
  await browser.close();
  await scene.close();
});

async function opened(hash = '', { source = scene.source, canOperate = false } = {}) {
  const inspector = await ServedInspector.start({ source, canOperate });
  open.push(() => inspector.close());
  const inBrowser = await InspectorInBrowser.open(browser, inspector.newLink(), { hash });
  open.push(() => inBrowser.close());
  return inBrowser;
}

const faults = (page: InspectorInBrowser['page']) =>
  overviewFaults(page, scene.runtime.getHealthStatus());

/** A feed that says something else than it was told. */
function lying(change: (message: FeedMessage) => FeedMessage): FeedSource {
  return {
    call: scene.source.call,
    watch: (listener) => scene.source.watch((messages) => listener(messages.map(change))),
  };
}

test('OB-1 the overview shows what the runtime says of itself, through an outage and after it', async () => {
  const { page } = await opened();
  scene.load();
  await sleep(1_000);
  scene.payments.startOutage(4_000);
  await until(() => scene.runtime.upstream('payments').breaker === 'open');
  await until(
    async () =>
      (await page.textContent('article[aria-label="Upstream payments"]'))?.includes('Down') ===
      true,
  );
  await until(() => scene.runtime.upstream('payments').breaker === 'closed');
  await scene.calm();
  await until(async () => (await faults(page)).length === 0).catch(() => undefined);
  expect(await faults(page)).toEqual([]);
});

test('OB-1 control: an overview that lies is found', async () => {
  const source = lying((message) =>
    message.kind === 'overview'
      ? {
          ...message,
          overview: {
            ...message.overview,
            upstreams: message.overview.upstreams.map((one) => ({ ...one, breaker: 'open' })),
          },
        }
      : message,
  );
  const { page } = await opened('', { source });
  await page.locator('article[aria-label="Upstream payments"]').waitFor();
  expect((await faults(page)).join()).toContain('breaker of payments: shows "Down", is "Up"');
});

/** Where a canary stands in a page; none where nothing has leaked. */
async function canariesIn(inBrowser: InspectorInBrowser): Promise<readonly string[]> {
  const found: string[] = [];
  for (const view of VIEWS) {
    await inBrowser.go(view.hash);
    await view.isThere(inBrowser.page);
    const html = await inBrowser.page.evaluate<string>('document.documentElement.outerHTML');
    if (html.includes(CANARY)) found.push(view.name);
  }
  return found;
}

test('AC-2 SE-5 nothing of a payload, a subject, an entity, a tag or a key stands in any view', async () => {
  scene.load();
  await scene.conflict();
  await scene.refused();
  await scene.crisis();
  const answers: string[] = [];
  const inBrowser = await opened('', { canOperate: true });
  inBrowser.page.on('response', (response) => {
    // The feed ends only with the page.
    if (response.url().endsWith('/feed')) return;
    void response.text().then(
      (text) => answers.push(text),
      () => undefined,
    );
  });
  expect(await canariesIn(inBrowser)).toEqual([]);
  expect(answers.filter((text) => text.includes(CANARY))).toEqual([]);
});

test('AC-2 SE-5 control: a canary that the feed tells is found in the page', async () => {
  const source = lying((message) =>
    message.kind === 'hello' ? { ...message, name: CANARY } : message,
  );
  expect(await canariesIn(await opened('', { source }))).toContain('overview');
});
