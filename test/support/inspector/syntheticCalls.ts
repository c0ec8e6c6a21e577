/**
 * Answers of management calls for a feed that is made up, in the shapes of the real ones.
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';

type Params = Readonly<Record<string, unknown>>;
type Row = Readonly<Record<string, unknown>> & { readonly id: string };

const HOUR_MS = 3_600_000;
const PAGE_ROWS = 25;

/**
 * What waits for a person, and what is answered about it, as the server lets it through. Orders change it: what is
 * replayed or purged is gone, and one dead letter of each page refuses to be replayed.
 */
export function syntheticCalls(
  random: SeededRandom,
  startedAtMs: number,
): (name: string, params: Params) => unknown {
  const letters = many(600, (at) => letter(random, at, startedAtMs - at * HOUR_MS));
  const conflicts = many(3, (at) => conflict(random, at, startedAtMs - at * HOUR_MS));
  const quarantined = many(2, (at) => quarantinedRecord(random, at, startedAtMs));
  const crises = many(2, (at) => crisis(random, at, startedAtMs));
  const waiting = many(5, (at) => operation(random.uuid(), startedAtMs - at * HOUR_MS));
  const decide = (rows: Row[], id: string, kind: string, by: unknown): unknown => {
    const row = found(rows, id);
    const decision = { kind, what: kind, by: roleOf(by), atMs: Date.now(), isCarriedOut: true };
    const decisions = [
      ...(row['decisions'] as readonly unknown[]),
      { ...decision, operationId: null },
    ];
    rows[rows.indexOf(row)] = { ...row, decisions, state: 'resolved', isHeld: false };
    return rows === crises
      ? { crisis: found(rows, id), isDurable: true }
      : { ...found(rows, id), operationId: null };
  };

  return (name, params) => {
    const id = typeof params['id'] === 'string' ? params['id'] : '';
    switch (name) {
      case 'deadLetter.page':
        return renamed(pageOf(matching(letters, params['filter']), params['fromSeq']), 'letters');
      case 'deadLetter.show':
        return { ...found(letters, id), history: history(startedAtMs), hasPayload: true };
      case 'deadLetter.replay':
        if (found(letters, id)['expiresAtMs'] !== null) throw expired();
        remove(letters, id);
        return null;
      case 'deadLetter.purge':
        remove(letters, id);
        return null;
      case 'deadLetter.replayBatch':
      case 'deadLetter.purgeBatch':
        return batch(letters, params);
      case 'conflict.page':
        return { ...renamed(pageOf(conflicts, params['fromSeq']), 'conflicts'), unreadable: 0 };
      case 'conflict.about':
        return found(conflicts, id);
      case 'conflict.resolve':
        return decide(conflicts, id, 'resolved', params['by']);
      case 'conflict.undo':
        return decide(conflicts, id, 'undone', params['by']);
      case 'quarantine.page':
        return { records: quarantined, nextSeq: null };
      case 'quarantine.show':
        return found(quarantined, id);
      case 'quarantine.retry':
        throw new HoldfastError(
          'HF_RECORD_TAMPERED',
          'The record stays set aside. It was changed on disk. Restore it from a backup, or export it and purge it.',
        );
      case 'quarantine.purge':
        remove(quarantined, id);
        return null;
      case 'operation.list':
        return {
          views: params['reason'] === 'review' ? waiting : [],
          unreadable: 0,
          nextAfterSeq: null,
        };
      case 'operation.show':
        return waiting.find((row) => row.id === id) ?? operation(id, startedAtMs);
      case 'operation.retry':
      case 'operation.cancel':
        return { tookNotice: true, operation: operation(id, startedAtMs) };
      case 'crisis.list':
        return crises;
      case 'crisis.show':
        return found(crises, id);
      case 'crisis.acknowledge':
        return decide(crises, id, 'acknowledged', params['by']);
      case 'crisis.release':
        return decide(crises, id, 'released', params['by']);
      case 'crisis.callOff':
        return decide(crises, id, 'calledOff', params['by']);
      case 'crisisMode.list':
        return [];
      default:
        if (/^(breaker|crisisMode|store)[.]/.test(name)) return { isDurable: true };
        throw new HoldfastError('HF_REQUEST_INVALID', `There is no call ${name}.`);
    }
  };
}

function roleOf(by: unknown): unknown {
  return { role: (by as { readonly role?: string } | undefined)?.role };
}

function expired(): HoldfastError {
  return new HoldfastError(
    'HF_EXPIRED',
    'The time of that dead letter is over. Send it as a new request, or purge it.',
  );
}

function matching(rows: readonly Row[], filter: unknown): readonly Row[] {
  const { type, code } = (filter ?? {}) as { readonly type?: string; readonly code?: string };
  return rows.filter(
    (row) =>
      (type === undefined || row['type'] === type) && (code === undefined || row['code'] === code),
  );
}

/** A piece of a run over many, slow enough to be seen. */
async function batch(letters: Row[], params: Params): Promise<unknown> {
  const { rows, nextSeq } = pageOf(matching(letters, params['filter']), params['fromSeq']);
  const isDry = params['dryRun'] === true;
  if (!isDry) await new Promise((resolve) => setTimeout(resolve, 120));
  const going = rows.filter((row) => row['expiresAtMs'] === null);
  if (!isDry) for (const { id } of going) remove(letters, id);
  const counts = { matched: rows.length, done: going.length, changed: 0 };
  const next = nextSeq === null || isDry ? nextSeq : nextSeq - going.length;
  return { ...counts, expired: rows.length - going.length, nextSeq: next };
}

function renamed({ rows, nextSeq }: ReturnType<typeof pageOf>, name: string) {
  return { [name]: rows, nextSeq };
}

function letter(random: SeededRandom, at: number, atMs: number): Row {
  return {
    id: random.uuid(),
    type: random.pick(['payment.capture', 'record.save', 'reminder.send']),
    tier: random.pick(['premium', 'basic', 'trial']),
    priority: random.pick(['high', 'normal', 'low']),
    code: random.pick(['HF_UPSTREAM_REFUSED', 'HF_ATTEMPTS_EXHAUSTED', 'HF_ATTEMPT_TIMED_OUT']),
    attempts: 1 + random.below(8),
    acceptedAtMs: atMs - 90_000,
    deadLetteredAtMs: atMs,
    expiresAtMs: at % 25 === 2 ? atMs : null,
    mayBeApplied: random.chance(0.2),
  };
}

function conflict(random: SeededRandom, at: number, openedAtMs: number): Row {
  return {
    id: random.uuid(),
    state: at === 1 ? 'quarantined' : 'awaitingReview',
    entityType: random.pick(['crisis_plan', 'invoice', 'preferences']),
    type: 'record.save',
    reason: ['conflict', 'mergeFailed', 'outcomeUnknown'][at % 3],
    openedAtMs,
    questions: 1 + random.below(3),
    isHeld: random.chance(0.7),
    operationId: random.uuid(),
    isToBeCarriedOut: false,
    sides: [
      { atMs: openedAtMs - 7 * 60_000, isOurs: true },
      { atMs: openedAtMs - 3 * 60_000, isOurs: false },
    ],
    decisions: [],
  };
}

function quarantinedRecord(random: SeededRandom, at: number, setAsideAtMs: number): Row {
  return {
    id: random.uuid(),
    code: 'HF_RECORD_TAMPERED',
    setAsideAtMs,
    stood: 'due',
    opensNot: at === 0 ? 'HF_RECORD_TAMPERED' : null,
    snapshot: at === 0 ? null : { machine: 'syncOperation', version: '1', state: 'backingOff' },
  };
}

function crisis(random: SeededRandom, at: number, atMs: number): Row {
  return {
    ...{ id: random.uuid(), type: 'crisis.alert', tier: 'premium', delivery: 'backingOff' },
    ...{
      escalation: at === 0 ? 'awaitingAcknowledgement' : 'quiet',
      attempt: 4,
      failure: 'HF_UPSTREAM_UNREACHABLE',
    },
    ...{ acceptedAtMs: atMs - 95_000, escalatedAtMs: at === 0 ? atMs - 60_000 : null },
    cause: at === 0 ? 'attemptsUsedUp' : null,
    upstream: 'payments',
    steps:
      at === 0
        ? [
            { name: 'on-call', outcome: 'told', calls: 1, atMs: atMs - 58_000, owedAtMs: null },
            {
              name: 'clinician',
              outcome: 'maybeHeard',
              calls: 3,
              atMs: atMs - 20_000,
              owedAtMs: atMs + 100_000,
            },
          ]
        : [],
    ...{ takenOn: null, decisions: [], settledAtMs: null },
  };
}

function operation(id: string, atMs: number): Row {
  return {
    ...{ id, type: 'payment.capture', tier: 'basic', priority: 'normal', state: 'waiting' },
    ...{ attempt: 2, acceptedAtMs: atMs - 4_000, settledAtMs: null, retryAtMs: null },
    ...{ wait: { reason: 'breaker', sinceAtMs: atMs - 1_000, untilAtMs: null }, expiresAtMs: null },
    failure: { code: 'HF_ATTEMPT_TIMED_OUT' },
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
