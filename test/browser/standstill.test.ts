/**
 * The inspector of an app's own process, which is stopped: the page that it serves says so by itself, and goes on with
 * it.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser } from '../support/browser/inspectorInBrowser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const APP = `
import { createRuntime } from 'holdfast';
const handlers = { 'notes.push': { upstream: 'default', run: () => 'pushed' } };
const runtime = createRuntime({ store: ':memory:', handlers, onError: () => {} });
console.log((await runtime.inspector()).link);
setTimeout(() => process.exit(), 240_000);
`;

test('OB-1 the page of a process that stands still says that, not that it is well, and goes on with it', async () => {
  const app = spawn(process.execPath, ['--input-type=module', '-e', APP], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    app.kill('SIGKILL');
  });
  const link = await new Promise<string>((resolve, reject) => {
    createInterface({ input: app.stdout }).once('line', resolve);
    app.once('exit', () => {
      reject(new Error('the app has ended'));
    });
  });
  const opened = await InspectorInBrowser.open(browser, link);
  const { page } = opened;
  const top = page.locator('header.top');
  await top.filter({ hasText: /Healthy.*up/ }).waitFor();
  app.kill('SIGSTOP');
  await page.getByRole('status').filter({ hasText: 'Silent' }).first().waitFor();
  const alert = page.getByRole('alert').first();
  expect(await alert.textContent()).toMatch(/said nothing for 4 s.*What follows is as of/);
  expect(await top.textContent()).toMatch(/was healthy/);
  expect(await top.textContent()).not.toMatch(/Live|up \d/);
  app.kill('SIGCONT');
  await opened.isLive();
  await alert.waitFor({ state: 'detached' });
  await top.filter({ hasText: /Healthy.*up/ }).waitFor();
  await opened.close();
});
