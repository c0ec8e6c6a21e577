/**
 * Tells of work that is due and does not begin: somebody has to look.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AlertParts } from './alertParts.ts';
import { Seldom } from './seldom.ts';

/** At most once a minute for each upstream. */
export function tellOfStuckWork({ facts, clock, onAlert }: AlertParts): void {
  const seldom = new Seldom(clock);
  facts.tap('work.stuck', (upstream, because, forMs) => {
    if (seldom.leftOut(upstream) === null) return;
    const why =
      because === 'unknown'
        ? 'nothing is known to stand against it'
        : `it is said to wait for: ${because}`;
    onAlert(
      new HoldfastError(
        'HF_WORK_STUCK',
        `Work for ${upstream} is due, and nothing has begun for ${Math.round(forMs / 1_000)} s; ${why}. Nothing is lost: a restart of the process takes it up. Please report this defect.`,
        { withStack: false },
      ),
      'work.stuck',
    );
  });
}
