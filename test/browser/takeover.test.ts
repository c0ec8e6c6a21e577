/**
 * `holdfast inspect` over real processes: the one that runs the store is killed, another takes over, and the page
 * that was open goes on with that one.
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser } from '../support/browser/inspectorInBrowser.ts';
import { until } from '../support/browser/liveScene.ts';
import { type ConnectedProcess, ConnectedScene } from '../support/process/connectedProcess.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** The command as users have it, on a port of its own; ended with the test. */
async function inspect(store: string): Promise<string> {
  const args = ['dist/cli.js', 'inspect', '--store', store, '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString('utf8');
  });
  return await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => {
      resolve((JSON.parse(line) as { readonly link: string }).link);
    });
    child.once('exit', () => {
      reject(new Error(`it ended: ${complaints}`));
    });
  });
}

async function work(process: ConnectedProcess, from: number, count: number): Promise<void> {
  const requests = Array.from({ length: count }, (_, at) => ({
    ...{ type: 'ledger.put', subject: 'subject-1', tier: 'basic' as const },
    payload: { number: from + at, latencyMs: 0 },
  }));
  process.order({ order: 'submit', requests });
  await process.until('ended', count);
}

/** How many operations the process says it has completed, and how many the page says. */
async function completed(process: ConnectedProcess): Promise<number> {
  const before = process.said('health').length;
  process.order({ order: 'health' });
  const said = await process.until('health', before + 1);
  return said.at(-1)?.completed ?? -1;
}

async function shownAsDelivered({ page }: InspectorInBrowser): Promise<number> {
  const strip = (await page.locator('dl.strip').textContent()) ?? '';
  return Number(/(\d+) delivered/.exec(strip)?.[1] ?? -1);
}

test('OB-1 the page goes on with the process that takes over from one that is killed', async () => {
  const scene = await ConnectedScene.open();
  const first = scene.start();
  await scene.owner();
  const opened = await InspectorInBrowser.open(browser, await inspect(scene.store));
  const { page } = opened;
  await work(first, 0, 12);
  await until(async () => (await shownAsDelivered(opened)) === 12);

  const second = scene.start();
  await second.until('ready');
  await first.kill();
  await second.until('owns');
  await work(second, 100, 5);
  // What the new process counts, not the sum: it is another one that is looked at.
  await until(async () => (await shownAsDelivered(opened)) === (await completed(second)));
  expect(await shownAsDelivered(opened)).toBe(5);
  await opened.isLive();

  await second.kill();
  const alert = page.getByRole('alert').filter({ hasText: /no process runs/i });
  await alert.first().waitFor();
  expect(await shownAsDelivered(opened)).toBe(5);
  const third = scene.start();
  await third.until('owns');
  await opened.isLive();
  await alert.first().waitFor({ state: 'detached' });
  await work(third, 200, 3);
  await until(async () => (await shownAsDelivered(opened)) === 3);
  await opened.close();
});
