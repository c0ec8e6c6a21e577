/**
 * One actor of a real runtime on the page: its chart shows the state which the engine has, also while it changes and
 * when one looks back; and orders about dead letters, which a page gives only where it may, and never unasked.
 */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { FeedMessage, FeedSource } from '../../inspector/protocol.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { LiveScene, until } from '../support/browser/liveScene.ts';
import { shownStates } from '../support/browser/shownTruth.ts';

const BREAKER = '#/actors/breaker%3Apayments';

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

async function open(hash: string, { source = scene.source, canOperate = false } = {}) {
  const inspector = await ServedInspector.start({ source, canOperate });
  const opened = await InspectorInBrowser.open(browser, inspector.newLink(), { hash });
  onTestFinished(async () => {
    await opened.close();
    await inspector.close();
  });
  return opened;
}

const breakerNow = (): string => scene.runtime.upstream('payments').breaker;

/** Whether the chart shows what `now` says, asked until it does; else what it shows. */
async function showsState(page: Page, now: () => string | Promise<string>): Promise<string> {
  let seen = '';
  await until(async () => {
    seen = (await shownStates(page)).join();
    return seen === (await now());
  }, 8_000).catch(() => undefined);
  return seen === (await now()) ? 'as it is' : `shows ${seen}, is ${await now()}`;
}

/** Through an outage and back, with work that meets it. */
async function outage(): Promise<void> {
  scene.load();
  scene.payments.startOutage(2_500);
  await until(() => breakerNow() === 'open');
  await until(() => breakerNow() === 'closed');
  await scene.calm();
}

test('OB-1 the chart of a breaker shows the state in which it is, while it changes', async () => {
  const { page } = await open(BREAKER);
  expect(await showsState(page, breakerNow)).toBe('as it is');
  scene.load();
  scene.payments.startOutage(4_000);
  await until(() => breakerNow() === 'open');
  expect(await showsState(page, () => 'open')).toBe('as it is');
  await until(() => breakerNow() === 'closed');
  await scene.calm();
  expect(await showsState(page, breakerNow)).toBe('as it is');
  expect(await page.locator('main svg .taken').count()).toBeGreaterThan(0);
});

test('OB-1 control: a feed that lies about where a breaker went is found', async () => {
  const lying = (message: FeedMessage): FeedMessage =>
    message.kind !== 'steps'
      ? message
      : {
          ...message,
          steps: message.steps.map((step) =>
            step.to.join() === 'closed' ? { ...step, to: ['halfOpen'] } : step,
          ),
        };
  const source: FeedSource = {
    call: scene.source.call,
    watch: (listener) => scene.source.watch((messages) => listener(messages.map(lying))),
  };
  const { page } = await open(BREAKER, { source });
  await outage();
  expect(await showsState(page, breakerNow)).toBe('shows halfOpen, is closed');
});

test('OB-1 the chart of an operation shows the state which the engine has, at each of its stops', async () => {
  scene.payments.startOutage(3_500);
  const operation = await scene.submit();
  const { page } = await open(`#/actors/${operation.id}`);
  const now = async (): Promise<string> => (await operation.view()).state;
  await until(async () => ['backingOff', 'waiting'].includes(await now()));
  expect(await showsState(page, now)).toBe('as it is');
  expect(await now(), 'compared before the end').not.toBe('completed');
  const { status } = await operation.outcome;
  expect(status).toBe('completed');
  expect(await showsState(page, () => status)).toBe('as it is');
});

test('OB-1 time travel goes back step by step and returns to now', async () => {
  const { page } = await open(BREAKER);
  await outage();
  expect(await showsState(page, () => 'closed')).toBe('as it is');
  const bar = page.getByRole('region', { name: 'Time travel' });
  await page.keyboard.press('t');
  await bar.getByText('The past:').waitFor();
  const passed = [(await shownStates(page)).join()];
  for (let steps = 0; steps < 30 && !passed.includes('open'); steps += 1) {
    await page.keyboard.press('ArrowLeft');
    passed.push((await shownStates(page)).join());
  }
  expect(passed[0]).toBe('closed');
  expect(passed).toContain('halfOpen');
  expect(passed.at(-1)).toBe('open');
  // What happens meanwhile does not move what is looked at.
  await scene.refused();
  expect((await shownStates(page)).join()).toBe('open');
  await bar.getByRole('button', { name: 'Back to now' }).click();
  expect(await showsState(page, breakerNow)).toBe('as it is');
  expect(await bar.getByText('The past:').count()).toBe(0);
});

test('AC-2 OP-5 a dead letter is replayed where that may be, after a question; leaving it changes nothing', async () => {
  const id = await scene.refused();
  const { page } = await open(`#/dead-letters/${id}`, { canOperate: true });
  const attempts = (): number => scene.payments.counts.refused422;
  const before = attempts();
  await page.getByRole('button', { name: 'Replay…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Leave it' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(attempts()).toBe(before);
  await page.getByRole('button', { name: 'Replay…' }).click();
  await dialog.getByLabel('Your id').fill('staff-7');
  await dialog.getByLabel('Your role').fill('support');
  await dialog.getByRole('button', { name: 'Replay', exact: true }).click();
  await dialog.getByRole('status').waitFor();
  await until(() => attempts() > before);
  expect(attempts()).toBe(before + 1);
});

test('AC-2 a page that only looks offers no order about a dead letter, and the server takes none', async () => {
  const id = await scene.refused();
  const opened = await open(`#/dead-letters/${id}`);
  const { page } = opened;
  await page.getByText(id).first().waitFor();
  expect(await page.getByRole('button', { name: /Replay|Purge|Forget/ }).count()).toBe(0);
  const before = scene.payments.counts.refused422;
  const status = await page.evaluate<number>(`fetch('/call', {
    method: 'POST',
    headers: { authorization: 'Bearer ' + JSON.parse(sessionStorage.getItem('holdfast.session')).session, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'deadLetter.replay', params: { id: '${id}' } }),
  }).then((response) => response.status)`);
  expect(status).toBe(403);
  expect(scene.payments.counts.refused422).toBe(before);
  opened.expectOnConsole(/403 \(Forbidden\)/);
});
