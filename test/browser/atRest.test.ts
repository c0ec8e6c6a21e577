/**
 * What rests on disk, as the page shows it in a real browser: how much waits, an operation that has left memory, and
 * orders about it, whose result stays until it is closed.
 */

import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChartModel } from '../../inspector/charts/chartData.ts';
import type { Overview, Step, UpstreamOverview, WatchedActor } from '../../inspector/protocol.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { type Answers, ScriptedFeed } from '../support/inspector/scriptedFeed.ts';
import { overviewAt } from '../support/inspector/syntheticStory.ts';

const chart = JSON.parse(readFileSync('docs/machines/syncOperation.json', 'utf8')) as ChartModel;
const ID = '01998a2c-7777-7000-8000-000000000001';
const HASH = `#/actors/${ID}`;
/** The path of a state, whichever parents hold it. */
const pathOf = (name: string): string =>
  chart.states.find(({ path }) => path.split('.').at(-1) === name)?.path ?? name;

const operation = (actor: number, state: string): WatchedActor => ({
  ...{ actor, id: ID, machine: 'syncOperation', version: chart.version, states: [pathOf(state)] },
  sinceAtMs: 2_000,
  about: {
    ...{ type: 'labs.send', upstream: 'labs', tier: 'basic', priority: 'normal' },
    acceptedAtMs: 1_000,
  },
});

const kept = (state: string, settledAtMs: number | null = null) => ({
  ...{ id: ID, type: 'labs.send', state, upstream: 'labs', tier: 'basic', priority: 'normal' },
  ...{ attempt: 2, acceptedAtMs: 1_000, settledAtMs, retryAtMs: null, expiresAtMs: null },
  wait: settledAtMs === null ? { reason: 'breaker', sinceAtMs: 2_000, untilAtMs: null } : null,
  ...{ failure: null, history: [] },
});

function stepOf(serial: number, event: string, from: string, to: string): Step {
  const index = chart.transitions.findIndex(
    (one) => one.source === pathOf(from) && one.event === event,
  );
  return {
    ...{
      serial,
      ring: 'operation',
      nth: serial,
      actor: 1,
      atMs: 10_000 + serial,
      event,
      from: [pathOf(from)],
      to: [pathOf(to)],
    },
    transitions: index < 0 ? [] : [index],
  };
}

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

async function opened(
  actors: readonly WatchedActor[],
  answers: Answers,
  hash = HASH,
): Promise<{ feed: ScriptedFeed; page: Page; close: () => Promise<void> }> {
  const feed = new ScriptedFeed(actors, answers);
  const inspector = await ServedInspector.start({ source: feed, canOperate: true });
  const shown = await InspectorInBrowser.open(browser, inspector.newLink(), { hash });
  const close = async (): Promise<void> => {
    await shown.close();
    await inspector.close();
  };
  return { feed, page: shown.page, close };
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

describe('OB-1 an operation that has left memory', () => {
  test('OB-1 in a wait it rests on disk, with its wait and its orders; at its end it has ended', async () => {
    const its = { now: kept('backingOff') as object };
    const { feed, page, close } = await opened([operation(1, 'attempting')], {
      'operation.show': () => its.now,
    });
    await page.locator('[data-states]').waitFor();
    feed.tell(
      { kind: 'steps', steps: [stepOf(1, 'attempt.failed', 'attempting', 'backingOff')] },
      { kind: 'ended', actors: [1], atMs: Date.now() },
    );
    await page.getByText('rests on disk since').waitFor();
    await page.getByText('is down', { exact: false }).first().waitFor();
    expect(await page.locator('.actor-head').textContent()).not.toContain('ended');
    expect(await page.getByText('It has ended with this.').count()).toBe(0);
    await button(page, 'Retry now…').waitFor();
    await button(page, 'Cancel…').waitFor();

    // It is in memory again, under another number, and ends there.
    its.now = kept('completed', 9_000);
    feed.tell({ kind: 'actors', actors: [operation(2, 'attempting')], isAll: false });
    await page.getByText('rests on disk since').waitFor({ state: 'detached' });
    const last = { ...stepOf(2, 'journal.committed', 'settling', 'completed'), actor: 2 };
    feed.tell({ kind: 'steps', steps: [last] }, { kind: 'ended', actors: [2], atMs: Date.now() });
    await page.locator('.standing').getByText('ended since').waitFor();
    await page.getByText('It has ended with this.').waitFor();
    expect(await button(page, 'Retry now…').count()).toBe(0);
    await close();
  });

  test('OB-1 the result of an order stays until it is closed, whatever becomes of what was shown', async () => {
    const told: { feed: ScriptedFeed | null } = { feed: null };
    const { feed, page, close } = await opened([], {
      'operation.show': () => kept('waiting'),
      // The order brings it to memory, where it ends.
      'operation.cancel': () => {
        told.feed?.tell({ kind: 'actors', actors: [operation(1, 'waiting')], isAll: false });
        told.feed?.tell(
          { kind: 'steps', steps: [stepOf(1, 'cancel.requested', 'waiting', 'cancelled')] },
          { kind: 'ended', actors: [1], atMs: Date.now() },
        );
        return { tookNotice: true, operation: kept('cancelled', 9_000) };
      },
    });
    told.feed = feed;
    await page.getByText('No actor lives under this id').waitFor();
    await button(page, 'Cancel…').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Your id').fill('staff-7');
    await dialog.getByLabel('Your role').fill('support');
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.locator('[data-states]').waitFor();
    await dialog.getByText('It is cancelled').waitFor();
    // What was shown when it was given is gone.
    expect(await page.getByText('No actor lives under this id').count()).toBe(0);
    feed.tell({ kind: 'actors', actors: [operation(3, 'waiting')], isAll: true });
    await page.locator('.standing').getByText('waiting').waitFor();
    expect(await dialog.getByRole('status').textContent()).toContain('It is cancelled');
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('document.activeElement?.id')).toBe('main');
    await close();
  });

  test('OB-1 a dialog begins at what is to be filled in, not at its way out', async () => {
    const { page, close } = await opened(
      [],
      {
        'crisis.show': () => ({
          ...{ id: 'c-1', type: 'crisis.alert', tier: 'premium', delivery: 'pacing' },
          ...{ escalation: 'told', attempt: 4, failure: null, acceptedAtMs: 1_000 },
          ...{ escalatedAtMs: 2_000, settledAtMs: null, cause: 'attemptsUsedUp', steps: [] },
          ...{ takenOn: null, decisions: [] },
        }),
        'crisis.list': () => [],
        'crisisMode.list': () => [],
      },
      '#/crises/c-1',
    );
    await button(page, 'Take it on…').click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await expect.poll(() => page.evaluate('document.activeElement?.tagName')).toBe('INPUT');
    // Nothing closes by Enter in a field that is still empty.
    await page.keyboard.press('Enter');
    expect(await dialog.isVisible()).toBe(true);
    await close();
  });
});

describe('OB-1 what waits and the upstreams on the overview', () => {
  const counted = { live: 0, accepted: 200, ended: {}, attempts: 400 };
  const overviewNow = (nowMs = Date.now()): Overview => {
    const base = overviewAt(nowMs, 10_000, counted);
    const [well] = base.upstreams;
    const upstream = (name: string, given: Partial<UpstreamOverview> = {}): UpstreamOverview => ({
      ...(well as UpstreamOverview),
      ...{ name, hold: null },
      ...given,
    });
    return {
      ...base,
      upstreams: [
        upstream('default'),
        ...Array.from({ length: 38 }, (_, index) => upstream(`clinic-${index + 10}`)),
        upstream('labs', {
          ...{
            breaker: 'open',
            level: 'offline',
            causes: ['breaker'],
            downSinceAtMs: nowMs - 60_000,
          },
        }),
      ],
      queue: [
        {
          ...{ upstream: 'labs', tier: 'basic', priority: 'normal', turn: 140, inLane: 12 },
          ...{ oldestAtMs: nowMs - 134_000, because: 'breaker', untilAtMs: nowMs + 300_000 },
        },
      ],
      waiting: { turn: 140, inLane: 12 },
      findings: [
        {
          ...{ id: 'breaker', tone: 'bad', upstream: 'labs', nextAtMs: null },
          ...{ sinceAtMs: nowMs - 60_000, text: 'labs is down: 152 operations wait for it' },
        },
      ],
    };
  };

  test('OB-1 HM-1 what rests on disk is counted, by upstream and rank, with the oldest and why', async () => {
    const { feed, page, close } = await opened([], {}, '#/');
    feed.tell({ kind: 'overview', overview: overviewNow() });
    await page.getByText('140 wait for their turn').waitFor();
    const row = page.getByRole('row', { name: /labs/ });
    expect(await row.textContent()).toMatch(
      /labs.*basic, normal.*152.*2 min \d+ s.*the upstream is down.*next try.*in \d min.*12 behind others/,
    );
    expect(await page.locator('main').textContent()).not.toContain('Nothing waits');
    const tile = page.getByRole('article', { name: 'Upstream labs' });
    expect(await tile.textContent()).toMatch(
      /Waiting140 operations, the oldest for 2 min \d+ s, 12 behind/,
    );
    expect(await page.getByText('labs is down: 152 operations wait for it').count()).toBe(1);
    await close();
  });

  test('OB-1 of forty upstreams the one that is down comes first, and each that is well is a line', async () => {
    const { feed, page, close } = await opened([], {}, '#/');
    feed.tell({ kind: 'overview', overview: overviewNow() });
    const tiles = page.getByRole('article', { name: /^Upstream / });
    await tiles.first().waitFor();
    expect(await tiles.first().getAttribute('aria-label')).toBe('Upstream labs');
    const lines = page.locator('.upstream-lines summary');
    expect(await lines.count()).toBe(39);
    expect(await lines.first().textContent()).toContain('clinic-10');
    const news = await page.getByRole('heading', { name: 'Queue' }).boundingBox();
    expect(news?.y).toBeLessThan(2_000);
    // Of a few each has a tile, in the same order.
    const few = overviewNow();
    feed.tell({
      kind: 'overview',
      overview: { ...few, upstreams: [...few.upstreams.slice(0, 3), ...few.upstreams.slice(-1)] },
    });
    await lines.first().waitFor({ state: 'detached' });
    const names = `[...document.querySelectorAll('.tiles h3')].map((one) => one.textContent)`;
    expect(await page.evaluate(names)).toEqual(['labs', 'clinic-10', 'clinic-11', 'default']);
    feed.tell({ kind: 'overview', overview: overviewNow() });
    // A line opens.
    await lines.nth(3).click();
    await page.getByRole('article', { name: 'Upstream clinic-13' }).getByText('Time-out').waitFor();
    await close();
  });
});
