/**
 * Tells of an event loop that was blocked: the answer to a crisis waits as long (CR-1).
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AlertParts } from './alertParts.ts';
import { Seldom } from './seldom.ts';

/** At most once a minute. */
export function tellOfBlockedLoop({ facts, clock, onAlert }: AlertParts): void {
  const seldom = new Seldom(clock);
  facts.tap('eventLoop.blocked', (delayMs) => {
    const leftOut = seldom.leftOut('eventLoop');
    if (leftOut === null) return;
    const more = leftOut === 0 ? '' : ` It was so ${leftOut} times since this was last told.`;
    onAlert(
      new HoldfastError(
        'HF_ALERT',
        `Alert: the event loop was blocked for ${delayMs} ms, in which nothing ran, not the answer to a crisis either.${more} ` +
          'Look for what computes for long without a pause: a handler, a listener, other code of the app.',
        { withStack: false },
      ),
      'eventLoop.blocked',
    );
  });
}
