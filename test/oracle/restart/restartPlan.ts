/**
 * Work for real processes, the same for the same seed.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { TIERS } from '../../../machines/vocabulary/urgency.ts';
import { noteSent } from '../../../src/simulator/oracle/sentKeys.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';
import type { LedgerTask } from '../../support/process/ledgerServer.ts';

/** Reads `HOLDFAST_SEED`, or draws by the time; put it in the message of what it decides. */
export function testSeed(): number {
  return Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000);
}

/** Entities that the operations of a plan share. */
const ENTITIES = 12;

/** Work of every kind: tiers, lanes, some without a lane, some that fail first, some refused. */
export function planned(count: number, random: SeededRandom): readonly SyncRequest[] {
  return Array.from({ length: count }, (_, number) => {
    const draw = random.next();
    const hasLane = random.next() < 0.6;
    const task: LedgerTask = {
      number,
      latencyMs: Math.floor(random.next() * 8),
      ...(draw < 0.15 ? { busyUpTo: 1 + Math.floor(random.next() * 2) } : {}),
      ...(draw >= 0.15 && draw < 0.2 ? { dropUpTo: 1 } : {}),
      ...(isRefused(number) ? { isRefused: true } : {}),
    };
    return noteSent({
      type: 'ledger.put',
      subject: `subject-${number % 7}`,
      tier: TIERS[Math.floor(random.next() * TIERS.length)] ?? 'basic',
      idempotencyKey: `key-${number}`,
      payload: { ...task },
      ...(hasLane
        ? { entity: { type: 'account', id: `${Math.floor(random.next() * ENTITIES)}` } }
        : {}),
    });
  });
}

/** Tells whether the upstream refuses a request for good, so that it belongs in the dead letters. */
export function isRefused(number: number): boolean {
  return number % 50 === 49;
}
