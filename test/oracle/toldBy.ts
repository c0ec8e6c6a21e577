/**
 * Puts what a child process says into the words of the oracle.
 *
 * @module
 */

import type { TraceEvent } from '../../src/simulator/oracle/trace.ts';
import type { LedgerEffect } from '../support/process/ledgerServer.ts';
import type { Acknowledgement } from './crash/crashWork.ts';

/** What a line of a child says about promises; most lines say nothing. */
export function toldBy(said: Acknowledgement): readonly TraceEvent[] {
  switch (said.event) {
    case 'accepted':
    case 'durable':
      return [{ event: 'accepted', key: said.key, id: said.id }];
    case 'outcome':
      return [{ event: 'ended', id: said.id, outcome: said.outcome }];
    case 'attempting': {
      const { key, number: task, attempt, atMs } = said;
      return [{ event: 'attempted', key, task, attempt, atMs }];
    }
    case 'applied':
      return [{ event: 'applied', key: said.key, task: said.number }];
    default:
      return [];
  }
}

/**
 * What a process had said by a moment. `effects` are what the upstream had made by then, where that is
 * known better than by what the process said.
 */
export function* toldAltogether(
  said: readonly Acknowledgement[],
  effects: readonly LedgerEffect[] | null = null,
): Generator<TraceEvent> {
  const applied = new Set<string>();
  for (const one of said) {
    if (one.event === 'applied') {
      // A repeat is answered from memory; the effect was made once.
      if (effects !== null || applied.has(one.key)) continue;
      applied.add(one.key);
    }
    yield* toldBy(one);
  }
  for (const { number: task, ...rest } of effects ?? []) yield { event: 'applied', task, ...rest };
}
