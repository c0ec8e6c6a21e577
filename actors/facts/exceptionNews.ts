/**
 * Tells of exceptions of handlers. A defect in a handler looks like an upstream that fails, and would
 * end in the dead letters without a trace.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AlertParts } from './alertParts.ts';
import { Seldom } from './seldom.ts';

/** Exceptions of one type of request, class and place in the code are one kind. */
export function tellOfExceptions({ facts, clock, onAlert }: AlertParts): void {
  const seldom = new Seldom(clock);
  facts.tap('handler.threw', ({ type, id, attempt }, _upstream, exception, thrown) => {
    const leftOut = seldom.leftOut(`${type} ${exception}`);
    if (leftOut === null) return;
    const more = leftOut === 0 ? '' : ` It did so ${leftOut} times since this was last told.`;
    const error = new HoldfastError(
      'HF_ATTEMPT_FAILED',
      `The handler of ${type} failed with ${exception}, in attempt ${attempt} of operation ${id}.${more} ` +
        'It is tried again as long as its retry policy allows: mend the handler before that.',
      { retry: 'later', withStack: false },
    );
    // For code that asks for it, and not for what prints whole errors: its message may hold anything (SE-5).
    Object.defineProperty(error, 'cause', { get: () => thrown });
    onAlert(error, 'handler.threw');
  });
}
