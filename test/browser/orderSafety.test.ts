/**
 * That an order from the page is about what was confirmed, that its end is told, and that what is read before one is
 * given is of now: a list that is narrowed meanwhile, an operation that ends, a colleague who was faster.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { type Answers, ScriptedFeed } from '../support/inspector/scriptedFeed.ts';

const LETTER = {
  ...{ id: 'letter-0001', type: 'payments.push', tier: 'basic', priority: 'normal', attempts: 5 },
  ...{ code: 'HF_UPSTREAM_REFUSED', acceptedAtMs: 1_000, deadLetteredAtMs: 2_000 },
  ...{ expiresAtMs: null, mayBeApplied: false, history: [], hasPayload: true },
};
const CRISIS = {
  ...{ id: 'c-1', type: 'crisis.alert', tier: 'premium', delivery: 'pacing', escalation: 'told' },
  ...{ attempt: 4, failure: null, acceptedAtMs: 1_000, escalatedAtMs: 2_000, settledAtMs: null },
  ...{ cause: 'attemptsUsedUp', steps: [], takenOn: null, decisions: [] },
};
const OPERATION = {
  ...{ id: 'op-0001', type: 'payments.push', tier: 'basic', priority: 'normal', state: 'waiting' },
  ...{ attempt: 1, acceptedAtMs: 1_000, settledAtMs: null, wait: null, retryAtMs: null },
  ...{ expiresAtMs: null, failure: null, history: [] },
};

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function opened(hash: string, answers: Answers) {
  const feed = new ScriptedFeed([], answers);
  const inspector = await ServedInspector.start({ source: feed, canOperate: true });
  const shown = await InspectorInBrowser.open(browser, inspector.newLink(), { hash });
  const orders = () => feed.calls.filter(({ name }) => !/[.](page|show|list)$/.test(name));
  const news = (serial: number, kind: string): void => {
    const details = { id: null, reason: null, text: '', tone: 'quiet', details: {} } as const;
    feed.tell({ kind: 'news', news: [{ serial, atMs: Date.now(), kind, ...details }] });
  };
  const close = async (): Promise<void> => {
    await shown.close();
    await inspector.close();
  };
  return { page: shown.page, orders, news, close };
}

describe('AC-2 an order is about what was confirmed', () => {
  test('AC-2 OP-5 many letters stay those that were counted, wherever the browser goes back to', async () => {
    const { page, orders, close } = await opened('#/dead-letters?type=many', {
      'deadLetter.page': () => ({ letters: [LETTER], nextSeq: null }),
      'deadLetter.show': () => LETTER,
      'deadLetter.purgeBatch': ({ filter }) => ({
        matched: (filter as { typePart: string }).typePart === 'few' ? 3 : 600,
        ...{ done: 3, expired: 0, changed: 0, nextSeq: null },
      }),
    });
    await page.evaluate(`location.hash = '#/dead-letters?type=few'`);
    await page.getByRole('button', { name: 'Purge all…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Purge 3 dead letters for good?' });
    await dialog.waitFor();
    await page.goBack();
    await page.getByLabel('Part of its type').waitFor();
    await dialog.getByLabel(/^Type .* to confirm$/).fill('3');
    await dialog.getByLabel('Your id').fill('staff-7');
    await dialog.getByLabel('Your role').fill('support');
    await page.keyboard.press('Enter');
    await page.getByText('3 are purged.').waitFor();
    const filters = orders().map(({ params }) => (params as { filter: object }).filter);
    expect(filters.map((filter) => (filter as { typePart: string }).typePart)).toEqual([
      'few',
      'few',
    ]);
    await close();
  });

  test('AC-2 what became of an order is told, also where it ended what it was about', async () => {
    let operation: object = OPERATION;
    const { page, close } = await opened('#/waiting/op-0001', {
      'operation.list': () => ({ views: [], nextAfterSeq: null }),
      'operation.show': () => operation,
      'operation.cancel': () => {
        operation = { ...OPERATION, state: 'cancelled', settledAtMs: 3_000 };
        return { tookNotice: true, operation };
      },
    });
    await page.getByRole('button', { name: 'Cancel…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your id').fill('staff-7');
    await dialog.getByLabel('Your role').fill('support');
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
    await dialog.getByText('It is cancelled').waitFor();
    await page.getByText('Over', { exact: true }).waitFor();
    expect(await dialog.getByText('It is cancelled').isVisible()).toBe(true);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Close');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: 'Cancel…' }).count()).toBe(0);
    await close();
  });

  test('AC-2 a letter that is gone is said to be, and no order is offered for it', async () => {
    let isGone = false;
    const { page, close } = await opened('#/dead-letters/letter-0001', {
      'deadLetter.page': () => ({ letters: isGone ? [] : [LETTER], nextSeq: null }),
      'deadLetter.show': () => {
        if (isGone)
          throw new HoldfastError('HF_NOT_DEAD_LETTERED', 'There is no such dead letter.');
        return LETTER;
      },
      'deadLetter.replay': () => {
        isGone = true;
      },
    });
    await page.getByRole('button', { name: 'Replay…', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your id').fill('staff-7');
    await dialog.getByLabel('Your role').fill('support');
    await dialog.getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByText('It is on its way again.').waitFor();
    await page.getByText('There is no such dead letter.').waitFor();
    expect(await page.getByText('It is on its way again.').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.getByRole('button', { name: 'Replay…', exact: true }).count()).toBe(0);
    await close();
  });

  test('AC-2 CR-5 a crisis that a colleague takes on is shown so at once, in the list and beside it', async () => {
    let crisis: object = CRISIS;
    const { page, news, close } = await opened('#/crises/c-1', {
      'crisis.list': () => [crisis],
      'crisis.show': () => crisis,
      'crisisMode.list': () => [],
    });
    await page.getByText('Nobody has taken it on').nth(1).waitFor();
    const decision = { what: 'acknowledged', by: { role: 'clinician' }, atMs: 3_000 };
    crisis = {
      ...CRISIS,
      takenOn: { by: decision.by, untilMs: Date.now() + 60_000 },
      decisions: [decision],
    };
    news(1, 'crisis.acknowledged');
    await page.locator('.mark', { hasText: 'Taken on' }).nth(1).waitFor();
    expect(await page.getByText('Nobody has taken it on').count()).toBe(0);
    await close();
  });

  test('AC-2 CR-6 crisis mode that somebody switches on is shown so, and a form that is open stays', async () => {
    let modes: readonly object[] = [];
    const { page, news, close } = await opened('#/crises', {
      'crisis.list': () => [],
      'crisisMode.list': () => modes,
    });
    await page.getByRole('button', { name: 'Switch crisis mode on…' }).click();
    await page.getByRole('dialog').getByLabel('Your id').fill('staff-7');
    const sinceAtMs = Date.now();
    modes = [
      { id: 'm-1', sinceAtMs, endsAtMs: sinceAtMs + 60_000, isEnding: false, isDurable: true },
    ];
    news(1, 'crisisMode.changed');
    await page.locator('.crisis-mode .mark', { hasText: 'On' }).waitFor();
    expect(await page.getByRole('dialog').getByLabel('Your id').inputValue()).toBe('staff-7');
    await close();
  });

  test('AC-2 what is wrong in a form has the focus', async () => {
    const { page, close } = await opened('#/crises/c-1', {
      'crisis.list': () => [CRISIS],
      'crisis.show': () => CRISIS,
      'crisisMode.list': () => [],
    });
    await page.getByRole('button', { name: 'Take it on…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your id').fill('staff-7');
    await dialog.getByRole('button', { name: 'Take it on', exact: true }).click();
    await dialog.getByText('Fill this in.').waitFor();
    const focused = dialog.locator(':focus');
    // The focus moves once what is wrong is shown.
    await expect.poll(() => focused.getAttribute('aria-invalid')).toBe('true');
    expect(await focused.inputValue()).toBe('');
    await close();
  });
});
