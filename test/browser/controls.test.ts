/**
 * Controls of what the other tests of this folder rely on: each fault that they look for is planted in a page of
 * nothing else, and found.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { axeFaults } from '../support/browser/accessibility.ts';
import { chromiumPath, launchChromium } from '../support/browser/chromium.ts';
import { WatchedPage } from '../support/browser/watchedPage.ts';

const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'";
const SECRET = 'a-secret-token';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** What is found on a page with this body and this script. */
async function faultsOf({ body = '', script = '', policy = POLICY, path = '/' }) {
  const server = createServer((request, response) => {
    const isScript = request.url?.startsWith('/app.js') === true;
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8',
      'content-security-policy': policy,
    });
    const page = `<!doctype html><html lang="en"><head><title>Control</title><link rel="icon" href="data:,"><script src="/app.js" defer></script></head><body><main><h1>Control</h1>${body}</main></body></html>`;
    response.end(isScript ? script : page);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const watched = await WatchedPage.open(browser);
  try {
    await watched.page.goto(origin + path);
    await watched.page.waitForTimeout(150);
    const axe = await axeFaults(watched.page);
    return [...watched.faults(origin, [SECRET]), ...axe].join('\n');
  } finally {
    await watched.close();
    server.close();
    server.closeAllConnections();
  }
}

test('OB-1 AC-2 a page with nothing wrong is found to have nothing wrong', async () => {
  expect(await faultsOf({ policy: `${POLICY}; img-src data:` })).toBe('');
});

test('AC-2 control: a request to elsewhere is seen, whether or not the policy lets it out', async () => {
  const script = "fetch('http://127.0.0.1:9/beacon').catch(() => {})";
  const open = "script-src 'self'; connect-src *";
  expect(await faultsOf({ script, policy: open })).toContain('asked elsewhere: GET');
  expect(await faultsOf({ script })).toContain('content-policy: connect-src http://127.0.0.1:9');
});

test('AC-2 control: an inline style is seen as a violation of the policy', async () => {
  expect(await faultsOf({ body: '<p style="color:red">x</p>' })).toContain(
    'content-policy: style-src',
  );
});

test('AC-2 control: a secret in an address or a Referer is seen', async () => {
  expect(await faultsOf({ path: `/?token=${SECRET}` })).toContain('a secret in a request');
  const script = `history.replaceState(null, '', '/?t=${SECRET}'); fetch('/next')`;
  expect(await faultsOf({ script })).toMatch(/a secret in a request or Referer: \S+\/next$/m);
});

test('OB-1 control: an error on the console and an exception are seen', async () => {
  expect(await faultsOf({ script: "console.error('broken')" })).toContain('console error: broken');
  expect(await faultsOf({ script: "throw new Error('lost')" })).toContain('exception: lost');
});

test('OB-1 control: a picture without words, a button without a name and a faint text are found', async () => {
  const policy = `${POLICY} 'unsafe-inline'`;
  const found = await faultsOf({
    policy,
    body: '<img src="data:,"><button></button><p style="color:#ddd;background:#fff">faint</p>',
  });
  for (const rule of ['image-alt', 'button-name', 'color-contrast']) expect(found).toContain(rule);
});

test('OB-1 where there is no browser, it says so and how to get one', () => {
  vi.stubEnv('HOLDFAST_CHROMIUM', '/nowhere/chromium');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  expect(chromiumPath).toThrow(/No Chromium at \/nowhere\/chromium.*apt-get install/);
});
