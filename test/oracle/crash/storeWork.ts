/**
 * Work for a store alone, in which everything that belongs together says so: each worker has an operation whose
 * payload it replaces again and again, an entity that each round renews, and a conflict that goes with it. Whatever a
 * power cut leaves, all of them must be of one round.
 *
 * @module
 */

import type { KeepWrite, Write } from '../../../persistence/port/store.ts';
import { type SeededRandom, seededRandom } from '../../../src/virtual/seededRandom.ts';

export const WORKERS = 8;
export const ROUNDS = 30;
/** The kinds of defects that `recordedStore.ts` can plant. */
export type Defect = 'none' | 'keptApart' | 'payloadLate';

const ROUTE = 'type:nobody.runs.it';
const FILLER_MAX = 6_000;

export function idOfWorker(worker: number): string {
  return `00000000-0000-4000-8000-${String(worker).padStart(12, '0')}`;
}

/** Lists what a worker commits in each of its rounds; the first accepts. */
export function roundsOf(worker: number, seed: number): readonly (readonly Write[])[] {
  const random = seededRandom(seed * WORKERS + worker);
  let payload = payloadOf(0, random);
  return Array.from({ length: ROUNDS + 1 }, (_, round) => {
    const keep = keepOf(worker, round, random);
    if (round === 0) return [acceptOf(worker, payload), keep];
    // Now and then the payload stays, and the last round settles the operation.
    const newPayload = random.chance(0.8) ? payloadOf(round, random) : undefined;
    payload = newPayload ?? payload;
    const isLast = round === ROUNDS && worker % 2 === 0;
    const state = JSON.stringify({ round, payload: isLast ? null : roundOf(payload) });
    return [
      {
        kind: 'update',
        seq: worker + 1,
        id: idOfWorker(worker),
        urgency: 4,
        expiresAtMs: null,
        subject: null,
        revision: round + 1,
        standing: isLast ? 'settled' : round % 3 === 0 ? 'inHand' : 'held',
        dueAtMs: null,
        waitsFor: 'turn',
        route: ROUTE,
        state,
        leavesLane: false,
        payload: isLast ? null : payload,
        newPayload,
      },
      keep,
    ];
  });
}

/** Reads the round from a text. */
export function roundOf(text: string): number {
  return Number(text.slice(0, text.indexOf(' ')));
}

function payloadOf(round: number, random: SeededRandom): string {
  return `${round} ${'x'.repeat(random.chance(0.4) ? 10 : random.below(FILLER_MAX))}`;
}

function acceptOf(worker: number, payload: string): Write {
  return {
    kind: 'accept',
    seq: worker + 1,
    id: idOfWorker(worker),
    urgency: 4,
    standing: 'held',
    dueAtMs: null,
    route: ROUTE,
    subject: null,
    lane: null,
    idempotencyKey: null,
    expiresAtMs: null,
    state: JSON.stringify({ round: 0, payload: 0 }),
    payload,
  };
}

function keepOf(worker: number, round: number, random: SeededRandom): KeepWrite {
  const text = payloadOf(round, random);
  const isOpen = round % 2 === 0;
  return {
    kind: 'keep',
    room: 'entity',
    key: `entity-${worker}`,
    text,
    revision: round,
    also: [
      { room: 'conflict', key: `conflict-${worker}`, text, isOpen },
      // Every second round erases it.
      { room: 'conflict', key: `passing-${worker}`, text: isOpen ? text : null, keepUntilMs: 1 },
    ],
  };
}
