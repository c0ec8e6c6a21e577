/**
 * Controls: the built page with one fault planted in it, over the real server. Each is found by what every other
 * test of this folder asks of its page.
 */

import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { axeFaults } from '../support/browser/accessibility.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import {
  BUILT_PAGE,
  InspectorInBrowser,
  PHONE,
  ServedInspector,
} from '../support/browser/inspectorInBrowser.ts';
import { tooWide } from '../support/browser/tooWide.ts';
import { syntheticFeed } from '../support/inspector/syntheticFeed.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** Code for the end of the page's program: runs `planted` once the page has its session, and marks the document. */
const plantedCode = (planted: string) => `;(function begin() {
  if (sessionStorage.getItem('holdfast.session') === null) { setTimeout(begin, 50); return; }
  setTimeout(() => { document.documentElement.dataset.planted = ''; ${planted} }, 300);
})();`;

/** The faults that are found on the page with `planted` at the end of its program. */
async function found(planted: string): Promise<string> {
  const assets = join(tempFolder(), 'page');
  cpSync(BUILT_PAGE, assets, { recursive: true });
  appendFileSync(join(assets, 'app.js'), plantedCode(planted));
  const feed = syntheticFeed({ actors: 20, stepsPerSecond: 10 });
  const inspector = await ServedInspector.start({ source: feed, assets });
  onTestFinished(async () => {
    await inspector.close();
    feed.close();
  });
  const link = inspector.newLink();
  const opened = await InspectorInBrowser.open(browser, link, { viewport: PHONE });
  await opened.page.waitForSelector('[data-planted]', { state: 'attached' });
  await opened.page.waitForTimeout(700);
  const axe = await axeFaults(opened.page);
  const wide = await tooWide(opened.page);
  const secrets = [opened.token, await opened.session()];
  await opened.watched.close();
  return [...opened.watched.faults(new URL(link).origin, secrets), ...axe, wide].join('\n');
}

test('OB-1 AC-2 control: the page as it is built has none of these faults', async () => {
  expect((await found('')).trim()).toBe('');
});

test.each([
  ['a beacon', "fetch('http://127.0.0.1:9/beacon').catch(() => {})", /content-policy: connect-src/],
  [
    'a picture of elsewhere',
    "new Image().src = 'http://127.0.0.1:9/x.png'",
    /content-policy: img-src/,
  ],
  [
    'the session in a query',
    "fetch('/feed?s=' + JSON.parse(sessionStorage.getItem('holdfast.session')).session)",
    /a secret in a request/,
  ],
  [
    'a style attribute',
    "document.body.setAttribute('style', 'margin: 0')",
    /content-policy: style-src/,
  ],
  ['an error that nobody catches', "throw new Error('planted')", /exception: planted/],
  [
    'a button without a name',
    "document.querySelector('main').append(document.createElement('button'))",
    /button-name/,
  ],
  [
    'something wider than a phone',
    "const wide = document.createElement('hr'); wide.style.width = '600px'; document.querySelector('main').append(wide)",
    /wide: HR/,
  ],
])('OB-1 AC-2 control: %s is found', async (_name, planted, what) => {
  expect(await found(planted)).toMatch(what);
});
