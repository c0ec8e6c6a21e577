/**
 * Where an operation stands, for the one whom it belongs to.
 *
 * @module
 */

import type { Operation, Outcome } from 'holdfast';
import { Refusal } from './caller.js';

export interface Standing {
  readonly id: string;
  readonly state: string;
  readonly attempt: number;
  /** What it waits for, where it waits. */
  readonly waitsFor?: string;
  /** Why it was given up, or what the last attempt failed with. */
  readonly error?: string;
}

/** @throws Refusal for what is of another type or of somebody else: for the caller it is not there. */
export async function standingOf<Response>(
  operation: Operation<Response>,
  owned: { readonly type: string; readonly subject: string },
): Promise<{ readonly standing: Standing; readonly outcome: Outcome<Response> | null }> {
  const view = await operation.view();
  if (view.type !== owned.type || view.subject !== owned.subject) {
    throw new Refusal(404, 'There is nothing under this id.');
  }
  const { id, attempt, wait, failure } = view;
  // Once it has ended its outcome is there at once.
  const outcome = view.settledAtMs === null ? null : await operation.outcome;
  const standing = {
    id,
    state: outcome?.status ?? view.state,
    attempt,
    ...(wait === null ? {} : { waitsFor: wait.reason }),
    ...(failure === null || outcome?.status === 'completed' ? {} : { error: failure.code }),
  };
  return { standing, outcome };
}
