/**
 * Orders given from the page: what is said, what has to be confirmed, what goes out, and what is told afterwards.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { type Answers, ScriptedFeed } from '../support/inspector/scriptedFeed.ts';

const SUPPORT = { id: 'staff-7', role: 'support' };
const ID = '01998a2c-7777-7000-8000-000000000001';
const letter = {
  ...{ id: ID, type: 'payments.push', tier: 'basic', priority: 'normal', attempts: 5 },
  ...{ code: 'HF_UPSTREAM_REFUSED', acceptedAtMs: 1_000, deadLetteredAtMs: 2_000 },
  ...{ expiresAtMs: null, mayBeApplied: true, history: [], hasPayload: true },
};
const answers: Answers = {
  'deadLetter.page': () => ({ letters: [letter], nextSeq: null }),
  'deadLetter.show': () => letter,
  'deadLetter.purge': () => undefined,
  'deadLetter.replay': () => {
    throw new HoldfastError('HF_EXPIRED', 'The time of that dead letter is over.');
  },
  'crisis.show': () => ({
    ...{ id: 'c-1', type: 'crisis.alert', tier: 'premium', delivery: 'pacing', escalation: 'told' },
    ...{ attempt: 4, failure: null, acceptedAtMs: 1_000, escalatedAtMs: 2_000, settledAtMs: null },
    ...{ cause: 'attemptsUsedUp', steps: [], takenOn: null, decisions: [] },
  }),
  'crisis.list': () => [],
  'crisisMode.list': () => [],
  'crisis.acknowledge': () => ({ crisis: null, isDurable: false }),
};

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function opened(hash: string, canOperate = true) {
  const feed = new ScriptedFeed([], answers);
  const inspector = await ServedInspector.start({ source: feed, canOperate });
  const shown = await InspectorInBrowser.open(browser, inspector.newLink(), { hash });
  const orders = () => feed.calls.filter(({ name }) => !/[.](page|show|list)$/.test(name));
  const close = async (): Promise<void> => {
    await shown.close();
    await inspector.close();
  };
  return { page: shown.page, orders, close };
}

describe('AC-2 orders from the page', () => {
  test('AC-2 what is forgotten for good asks for its last characters, and then goes out once', async () => {
    const { page, orders, close } = await opened(`#/dead-letters/${ID}`);
    await page.getByRole('button', { name: 'Purge…', exact: true }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.textContent()).toContain('Nobody can replay it');
    const purge = dialog.getByRole('button', { name: 'Purge', exact: true });
    const field = dialog.getByLabel(/^Type .* to confirm$/);
    await field.fill('01998a2c');
    expect(await purge.isDisabled()).toBe(true);
    await page.keyboard.press('Enter');
    expect(orders()).toEqual([]);
    await field.fill('00000001');
    await dialog.getByLabel('Your id').fill('staff-7');
    await dialog.getByLabel('Your role').fill('support');
    await page.keyboard.press('Enter');
    await dialog.getByText('It is forgotten.').waitFor();
    expect(orders()).toEqual([{ name: 'deadLetter.purge', params: { id: ID, by: SUPPORT } }]);
    await close();
  });

  test('AC-2 left by Escape, nothing goes out, and the focus is back on its button', async () => {
    const { page, orders, close } = await opened(`#/dead-letters/${ID}`);
    const button = page.getByRole('button', { name: 'Replay…', exact: true });
    await button.click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(orders()).toEqual([]);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Replay…');
    await close();
  });

  test('AC-2 a refusal is told in words in its dialog, which stays', async () => {
    const { page, orders, close } = await opened(`#/dead-letters/${ID}`);
    await page.getByRole('button', { name: 'Replay…', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox').check();
    await dialog.getByLabel('Your id').fill('staff-7');
    await dialog.getByLabel('Your role').fill('support');
    await dialog.getByRole('button', { name: 'Replay', exact: true }).click();
    await dialog.getByRole('alert').filter({ hasText: 'HF_EXPIRED' }).waitFor();
    expect(orders()).toEqual([
      { name: 'deadLetter.replay', params: { id: ID, evenIfApplied: true, by: SUPPORT } },
    ]);
    await close();
  });

  test('AC-2 CR-5 somebody who takes a crisis on says who they are, and hears what is not on disk', async () => {
    const { page, orders, close } = await opened('#/crises/c-1');
    await page.getByRole('button', { name: 'Take it on…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Take it on', exact: true }).click();
    expect(await dialog.getByText('Fill this in.').count()).toBe(2);
    expect(orders()).toEqual([]);
    await dialog.getByLabel('Your id').fill('staff-7');
    await dialog.getByLabel('Your role').fill('clinician');
    await page.keyboard.press('Enter');
    await dialog.getByText('It is not on disk yet').waitFor();
    expect(orders()).toEqual([
      {
        name: 'crisis.acknowledge',
        params: { id: 'c-1', by: { id: 'staff-7', role: 'clinician' } },
      },
    ]);
    await close();
  });

  test('AC-2 a page that only looks offers none, and says how to get them', async () => {
    const { page, orders, close } = await opened(`#/dead-letters/${ID}`, false);
    await page.getByText('holdfast inspect --operate').first().waitFor();
    expect(await page.getByRole('button', { name: '…' }).count()).toBe(0);
    expect(orders()).toEqual([]);
    await close();
  });
});
