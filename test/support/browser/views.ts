/**
 * The views of the inspector's page, each by its address.
 *
 * @module
 */

import type { Page } from 'playwright-core';

export interface BrowsedView {
  /** Of its picture. */
  readonly name: string;
  readonly title: string;
  readonly hash: string;
  /** Resolves once its content is there. */
  readonly isThere: (page: Page) => Promise<void>;
  /** Brings the page to where the next view can be gone to; left out where that needs nothing. */
  readonly leave?: (page: Page) => Promise<void>;
}

const headed = (name: string, title: string, hash: string): BrowsedView => ({
  ...{ name, title, hash },
  async isThere(page) {
    await page.getByRole('main', { name: title }).waitFor();
    await page.waitForTimeout(600);
  },
});

const charted = (name: string, title: string, hash: string): BrowsedView => ({
  ...{ name, title, hash },
  async isThere(page) {
    await page.locator('main svg [data-state]').first().waitFor();
    await page.waitForTimeout(600);
  },
});

/** The first row of a list, opened. */
const first = (name: string, title: string, hash: string): BrowsedView => ({
  ...{ name, title, hash },
  async isThere(page) {
    await page.locator('main [id^="row-"]').first().click();
    await page.waitForURL(/#\/[\w-]+\/\w+/);
    await page.waitForTimeout(800);
  },
});

export const VIEWS: readonly BrowsedView[] = [
  headed('overview', 'Overview', '#/'),
  headed('actors', 'Actors', '#/actors'),
  charted('breaker', 'A breaker', '#/actors/breaker%3Apayments'),
  charted('supervisor', 'The supervisor', '#/actors/supervisor'),
  headed('crises', 'Crises', '#/crises'),
  headed('waiting', 'Waiting', '#/waiting'),
  headed('conflicts', 'Conflicts', '#/conflicts'),
  headed('dead-letters', 'Dead letters', '#/dead-letters'),
  headed('quarantine', 'Quarantine', '#/quarantine'),
  headed('charts', 'Charts', '#/charts'),
  charted('chart', 'The chart of an operation', '#/charts/syncOperation'),
];

/** One of each list, opened: where the list is not empty. */
export const DETAILS: readonly BrowsedView[] = [
  first('operation', 'An operation', '#/actors?machine=syncOperation'),
  first('crisis', 'A crisis', '#/crises'),
  first('waiting-one', 'One that waits', '#/waiting'),
  first('conflict', 'A conflict', '#/conflicts'),
  first('dead-letter', 'A dead letter', '#/dead-letters'),
  first('quarantined', 'A record that was set aside', '#/quarantine'),
];

const asked = (name: string, title: string, list: string, order: RegExp): BrowsedView => ({
  ...first(name, title, list),
  async isThere(page) {
    await first(name, title, list).isThere(page);
    await page.getByRole('button', { name: order }).first().click();
    await page.getByRole('dialog').waitFor();
  },
  async leave(page) {
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },
});

/** What lies over a view: questions, help, and the past. */
export const OVER_VIEWS: readonly BrowsedView[] = [
  asked('replay', 'A question before a replay', '#/dead-letters', /^Replay…/),
  asked(
    'purge',
    'A question before something is destroyed',
    '#/dead-letters',
    /^(Purge|Forget).*…/,
  ),
  asked('acknowledge', 'Who takes a crisis on', '#/crises', /^(Acknowledge|Take).*…/),
  {
    ...{ name: 'help', title: 'The keys', hash: '#/' },
    async isThere(page) {
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
    async leave(page) {
      await page.keyboard.press('Escape');
    },
  },
  {
    ...charted('past', 'A breaker in the past', '#/actors/breaker%3Apayments'),
    async isThere(page) {
      await page.locator('main svg [data-state]').first().waitFor();
      await page.keyboard.press('t');
      await page.getByText('The past:').waitFor();
      await page.waitForTimeout(500);
    },
    async leave(page) {
      await page.keyboard.press('t');
    },
  },
];
