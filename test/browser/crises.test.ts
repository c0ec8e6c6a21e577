/**
 * That the page says of crises that are not delivered since when, where and why, each once, that an upstream which
 * takes none is not shown as one that is well, and that those which can't be read are shown as what they are.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Overview } from '../../inspector/protocol.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { type Answers, ScriptedFeed } from '../support/inspector/scriptedFeed.ts';
import { overviewAt } from '../support/inspector/syntheticStory.ts';

const SAYS = 'careTeam takes no crisis: 0 of 812 attempts, HF_ATTEMPT_FAILED; 11 crises wait';
const UNREADABLE = {
  ...{ id: 'c-2', type: null, tier: null, upstream: null, delivery: 'unreadable', attempt: 0 },
  ...{ escalation: 'awaitingAcknowledgement', failure: 'HF_RECORD_TAMPERED', settledAtMs: null },
  ...{ acceptedAtMs: 1_000, escalatedAtMs: 2_000, cause: 'unreadable', steps: [] },
  takenOn: null,
  decisions: [],
};
const TAKEN_ON = {
  ...{ id: 'c-1', type: 'crisis.alert', tier: 'premium', upstream: 'careTeam', attempt: 74 },
  ...{ delivery: 'pacing', escalation: 'acknowledged', failure: 'HF_ATTEMPT_FAILED' },
  ...{ acceptedAtMs: 1_000, escalatedAtMs: 2_000, settledAtMs: null, cause: 'attemptsUsedUp' },
  steps: [{ name: 'on-call', outcome: 'told', calls: 1, atMs: 2_500, owedAtMs: null }],
  takenOn: { by: { role: 'clinician' }, untilMs: 9_000 },
  decisions: [{ what: 'acknowledged', by: { role: 'clinician' }, atMs: 3_000 }],
};

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function opened(hash: string, answers: Answers = {}) {
  const nowMs = Date.now();
  const at = overviewAt(nowMs, 5_000, { live: 1, accepted: 1, ended: {}, attempts: 1 });
  const [first, ...others] = at.upstreams;
  if (first === undefined) throw new Error('There is no upstream.');
  const overview = {
    ...at,
    upstreams: [{ ...first, name: 'careTeam' }, ...others],
    undelivered: [
      {
        ...{ upstream: 'careTeam', count: 11, sinceAtMs: nowMs - 31 * 60_000 },
        ...{ failed: 812, isTakingNone: true, isLong: true, says: SAYS },
      },
    ],
    crises: { ...at.crises, escalated: 11, unacknowledged: 11, exhausted: 11, unreadable: 6 },
  };
  const finding = (id: string, text: string): Overview['findings'][number] => ({
    ...{ id, tone: 'bad', upstream: null, text },
    ...{ sinceAtMs: nowMs - 31 * 60_000, nextAtMs: null },
  });
  const feed = new ScriptedFeed([], answers);
  const inspector = await ServedInspector.start({ source: feed, canOperate: true });
  const shown = await InspectorInBrowser.open(browser, inspector.newLink(), { hash });
  feed.tell({
    kind: 'overview',
    overview: {
      ...overview,
      findings: [
        finding(
          'crisesUnacknowledged',
          '11 crises are not delivered, and nobody has taken them on',
        ),
        finding('crisesUnreadable', "6 crises can't be read: they may not have been delivered"),
        finding('crisesUndelivered', SAYS),
      ],
      crises: {
        ...overview.crises,
        ...{ unreadableUntaken: 6 },
      },
    },
  });
  const close = async (): Promise<void> => {
    await shown.close();
    await inspector.close();
  };
  return { page: shown.page, close };
}

describe('CR-4 OB-1 crises that are not delivered', () => {
  test('CR-4 OB-1 at a glance: where, why and since when, each once, and no upstream is called up that takes none', async () => {
    const { page, close } = await opened('#/');
    const verdict = page.locator('.verdict');
    await verdict.getByText(SAYS).waitFor();
    const lines = await verdict.locator('li').allInnerTexts();
    const told = lines.filter((line) => /crisis|crises/.test(line) && !/^.*Waits for a/.test(line));
    expect(told.map((line) => /\bfor |since|min|h\b/.test(line))).toEqual([true, true, true]);
    expect(told.filter((line) => /nobody has taken (it|them) on/.test(line))).toHaveLength(1);
    expect(told.filter((line) => line.includes("can't be read"))).toHaveLength(1);
    const tile = page.getByRole('article', { name: 'Upstream careTeam' });
    await tile.locator('header .mark', { hasText: 'Takes no crisis' }).waitFor();
    expect(await tile.locator('header').innerText()).not.toMatch(/\bUp\b/);
    expect(await tile.innerText()).toContain(SAYS);
    await close();
  });

  test('CR-4 in the list and beside it: where it goes and who was told by name; one that can’t be read, in red', async () => {
    const { page, close } = await opened('#/crises/c-1', {
      'crisis.list': () => [UNREADABLE, TAKEN_ON],
      'crisis.show': ({ id }) => (id === 'c-1' ? TAKEN_ON : UNREADABLE),
      'crisisMode.list': () => [],
    });
    await page.getByText(SAYS).first().waitFor();
    await page
      .getByText(/on-call/)
      .first()
      .waitFor();
    await page.locator('.mark.bad', { hasText: 'Can’t be read' }).first().waitFor();
    await page.evaluate(`location.hash = '#/crises/c-2'`);
    await page.getByText('nobody can see here whose it is').waitFor();
    expect(await page.getByRole('button', { name: 'Take it on…' }).count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Call it off…' }).count()).toBe(0);
    await close();
  });
});
