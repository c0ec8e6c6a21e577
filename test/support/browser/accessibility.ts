/**
 * What axe-core finds wrong with a page for whoever does not see it, or not well.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The serious and critical ones, a line each: the rule, what it says, where. */
export async function axeFaults(page: Page): Promise<readonly string[]> {
  // The debugger's way in, which the page's content policy does not stand against.
  await page.evaluate(SOURCE);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { resultTypes: ['violations'] })`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => {
      const where = nodes.slice(0, 5).map(({ target }) => target.join(' '));
      return `${id}: ${help}: ${where.join(', ')}`;
    });
}
