/**
 * Answers of management calls for a feed that is made up, in the shapes of the real ones.
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { SeededRandom } from '../../../src/testing/seededRandom.ts';

type Params = Readonly<Record<string, unknown>>;
type Row = Readonly<Record<string, unknown>> & { readonly id: string };

const HOUR_MS = 3_600_000;
const PAGE_ROWS = 25;

/** What waits for a person, and what is answered about it. Dead letters that are replayed or purged are gone. */
export function syntheticCalls(
  random: SeededRandom,
  startedAtMs: number,
): (name: string, params: Params) => unknown {
  const letters = many(40, (at) => letter(random, startedAtMs - at * HOUR_MS));
  const conflicts = many(3, (at) => conflict(random, startedAtMs - at * HOUR_MS));
  const quarantined = many(2, () => quarantinedRecord(random, startedAtMs));

  return (name, params) => {
    const id = typeof params['id'] === 'string' ? params['id'] : '';
    switch (name) {
      case 'deadLetter.page': {
        const { rows, nextSeq } = pageOf(letters, params['fromSeq']);
        return { letters: rows, nextSeq };
      }
      case 'deadLetter.show':
        return { ...found(letters, id), history: history(startedAtMs), hasPayload: true };
      case 'deadLetter.replay':
      case 'deadLetter.purge':
        remove(letters, id);
        return null;
      case 'conflict.page': {
        const { rows, nextSeq } = pageOf(conflicts, params['fromSeq']);
        return { conflicts: rows, unreadable: 0, nextSeq };
      }
      case 'conflict.about':
        return { ...found(conflicts, id), sides: [], decisions: [] };
      case 'quarantine.page':
        return { records: quarantined, nextSeq: null };
      case 'quarantine.show':
        return found(quarantined, id);
      case 'quarantine.retry':
      case 'quarantine.purge':
        remove(quarantined, id);
        return null;
      case 'operation.show':
        return operation(id, startedAtMs);
      case 'crisis.list':
        return [];
      default:
        throw new HoldfastError('HF_REQUEST_INVALID', `There is no call ${name}.`);
    }
  };
}

function letter(random: SeededRandom, atMs: number): Row {
  return {
    id: random.uuid(),
    type: random.pick(['payment.capture', 'record.save', 'reminder.send']),
    tier: random.pick(['premium', 'basic', 'trial']),
    priority: random.pick(['high', 'normal', 'low']),
    code: random.pick(['HF_UPSTREAM_REFUSED', 'HF_ATTEMPTS_EXHAUSTED', 'HF_ATTEMPT_TIMED_OUT']),
    message: 'The upstream answered 422.',
    attempts: 1 + random.below(8),
    acceptedAtMs: atMs - 90_000,
    deadLetteredAtMs: atMs,
    expiresAtMs: null,
    mayBeApplied: random.chance(0.2),
  };
}

function conflict(random: SeededRandom, openedAtMs: number): Row {
  return {
    id: random.uuid(),
    state: 'awaitingReview',
    entityType: random.pick(['crisis_plan', 'invoice', 'preferences']),
    type: 'record.save',
    reason: 'rule',
    openedAtMs,
    questions: 1 + random.below(3),
    isHeld: random.chance(0.7),
    operationId: random.uuid(),
    isToBeCarriedOut: false,
  };
}

function quarantinedRecord(random: SeededRandom, setAsideAtMs: number): Row {
  return {
    id: random.uuid(),
    code: 'HF_RECORD_TAMPERED',
    setAsideAtMs,
    stood: 'due',
    opensNot: 'HF_RECORD_TAMPERED',
    snapshot: null,
  };
}

function operation(id: string, atMs: number): unknown {
  return {
    ...{ id, type: 'payment.capture', tier: 'basic', priority: 'normal', state: 'waiting' },
    ...{ attempt: 2, acceptedAtMs: atMs - 4_000, settledAtMs: null, retryAtMs: null },
    ...{ wait: { reason: 'breaker', sinceAtMs: atMs - 1_000, untilAtMs: null }, expiresAtMs: null },
    failure: { code: 'HF_ATTEMPT_TIMED_OUT', message: 'The upstream answered 503.' },
    history: history(atMs),
  };
}

function history(atMs: number): unknown {
  return [1, 2].map((attempt) => ({
    ...{ what: 'failed', attempt, code: 'HF_ATTEMPT_TIMED_OUT', failureClass: 'transient' },
    startedAtMs: atMs - 4_200 + attempt * 1_200,
    atMs: atMs - 4_000 + attempt * 1_200,
  }));
}

function pageOf(
  rows: readonly Row[],
  fromSeq: unknown,
): { rows: readonly Row[]; nextSeq: number | null } {
  const from = typeof fromSeq === 'number' ? fromSeq : 0;
  const next = from + PAGE_ROWS;
  return { rows: rows.slice(from, next), nextSeq: next < rows.length ? next : null };
}

function found(rows: readonly Row[], id: string): Row {
  const row = rows.find((candidate) => candidate.id === id);
  if (row === undefined) throw new HoldfastError('HF_OPERATION_UNKNOWN', `There is no ${id}.`);
  return row;
}

function remove(rows: Row[], id: string): void {
  rows.splice(rows.indexOf(found(rows, id)), 1);
}

function many(count: number, make: (at: number) => Row): Row[] {
  return Array.from({ length: count }, (_, at) => make(at));
}
