/**
 * 5,000 actors and 2,000 steps a second: the page loses nothing of what it is told and holds no more of it than it
 * shows. How smooth it is meanwhile is measured by `npm run bench:page`, for a test on a busy machine can't tell.
 */

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stateText } from '../../inspector/page/words/news.ts';
import type { FeedMessage, FeedSource } from '../../inspector/protocol.ts';
import { launchChromium } from '../support/browser/chromium.ts';
import { InspectorInBrowser, ServedInspector } from '../support/browser/inspectorInBrowser.ts';
import { until } from '../support/browser/liveScene.ts';
import { syntheticFeed } from '../support/inspector/syntheticFeed.ts';

const ACTORS = 5_000;
const FOR_MS = 6_000;
/** As many as the page shows beside its list. */
const STATES_SHOWN = 12;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** Keeps account of what a viewer was told: actors by number, with their states. */
class Account {
  readonly #states = new Map<number, readonly string[]>();
  steps = 0;

  hear(messages: readonly FeedMessage[]): void {
    for (const message of messages) {
      if (message.kind === 'actors') {
        if (message.isAll) this.#states.clear();
        for (const { actor, states } of message.actors) this.#states.set(actor, states);
      } else if (message.kind === 'steps') {
        this.steps += message.steps.length;
        for (const { actor, to } of message.steps) {
          if (this.#states.has(actor)) this.#states.set(actor, to);
        }
      } else if (message.kind === 'ended') {
        for (const actor of message.actors) this.#states.delete(actor);
      }
    }
  }

  /** The counts as the page has them: `waiting 44`, the most first. */
  counts(): readonly string[] {
    const counts = new Map<string, number>();
    for (const states of this.#states.values()) {
      for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return [...counts]
      .map(([state, count]) => `${stateText(state)} ${count.toLocaleString('en')}`)
      .toSorted();
  }
}

/** Opens the list, lets it run, and stops the feed. */
async function afterAWhile(change: (messages: readonly FeedMessage[]) => readonly FeedMessage[]) {
  const feed = syntheticFeed({ actors: ACTORS, stepsPerSecond: 2_000 });
  const account = new Account();
  const source: FeedSource = {
    call: feed.call,
    watch: (listener) =>
      feed.watch((messages) => {
        account.hear(messages);
        listener(change(messages));
      }),
  };
  const inspector = await ServedInspector.start({ source });
  const link = inspector.newLink();
  const opened = await InspectorInBrowser.open(browser, link, { hash: '#/actors' });
  onTestFinished(async () => {
    await opened.close();
    await inspector.close();
    feed.close();
  });
  await opened.page.waitForTimeout(FOR_MS);
  feed.pause();
  return { opened, account };
}

async function shownCounts({ page }: InspectorInBrowser): Promise<readonly string[]> {
  const chips = await page
    .getByRole('list', { name: 'Counts by state' })
    .locator('button')
    .allTextContents();
  return chips.map((text) => text.trim());
}

test('OB-1 after 10,000 steps and more the page has every actor in the state in which it is', async () => {
  const { opened, account } = await afterAWhile((messages) => messages);
  expect(account.steps).toBeGreaterThan(8_000);
  await until(async () => {
    const shown = await shownCounts(opened);
    return shown.length === STATES_SHOWN && shown.every((one) => account.counts().includes(one));
  }).catch(() => undefined);
  const shown = await shownCounts(opened);
  expect(shown.filter((one) => !account.counts().includes(one))).toEqual([]);
  expect(shown).toHaveLength(STATES_SHOWN);
  expect(await opened.page.getByText(/^5,0\d\d actors$/).count()).toBeGreaterThan(0);
  // Of 5,000 rows those that are seen.
  expect(await opened.page.locator('[data-actor]').count()).toBeLessThan(80);
});

test('OB-1 control: steps that are lost on the way are found', async () => {
  let batches = 0;
  const { opened, account } = await afterAWhile((messages) => {
    batches += 1;
    return batches % 10 === 0 ? messages.filter(({ kind }) => kind !== 'steps') : messages;
  });
  await opened.page.waitForTimeout(1_000);
  const shown = await shownCounts(opened);
  expect(shown.filter((one) => !account.counts().includes(one)).length).toBeGreaterThan(0);
});
