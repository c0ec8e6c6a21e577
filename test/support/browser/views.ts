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
