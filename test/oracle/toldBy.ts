/**
 * Translates what a child process says into events for the oracle.
 *
 * @module
 */

import type { TraceEvent } from '../../src/simulator/oracle/trace.ts';
import type { LedgerEffect } from '../support/process/ledgerServer.ts';
import type { Acknowledgement } from './crash/crashWork.ts';

/** Translates a line of a child; most lines say nothing about promises. */
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
 * Translates everything that a process had said by a moment. `effects` are those of the upstream by then, where a
 * better witness than the process knows them.
 */
export function* toldAltogether(
  said: readonly Acknowledgement[],
  effects: readonly LedgerEffect[] | null = null,
): Generator<TraceEvent> {
  const applied = new Set<string>();
  for (const one of said) {
    if (one.event === 'applied') {
      // A repeat gets its answer from memory; the effect was made once.
      if (effects !== null || applied.has(one.key)) continue;
      applied.add(one.key);
    }
    yield* toldBy(one);
  }
  for (const { number: task, ...rest } of effects ?? []) yield { event: 'applied', task, ...rest };
}
