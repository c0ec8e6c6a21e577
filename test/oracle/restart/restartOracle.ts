import { toOutcome } from '../../../actors/operation/outcome.ts';
import { isCulprit } from '../../../machines/policy/retry/crashPolicy.ts';
import type { ChildEvent, ReportedOutcome } from '../../support/process/childRuntimeMessages.ts';
import type { LedgerServer } from '../../support/process/ledgerServer.ts';
import type { RowAtRest } from '../../support/store/rowsAtRest.ts';

/** What an operation must come to, by its number. */
export type Expected = (number: number) => 'completed' | 'deadLettered';

/** What the upstream saw and did. */
export type Ledger = Pick<LedgerServer, 'requests' | 'effects' | 'mismatched'>;

/**
 * Knows what was promised, and holds the store and the upstream to it. Each check gives the breaches
 * it finds as `what: details`; an empty list means that every promise was kept.
 */
export class RestartOracle {
  /** Ids of accepted operations, by the key that the caller gave. */
  readonly accepted = new Map<string, string>();
  readonly outcomes = new Map<string, ReportedOutcome>();
  readonly #ledger: Ledger;
  readonly #breaches: string[] = [];
  /** Crises are told how they ended before that is on disk (CR-4); a crash may make them end again. */
  readonly #crises = new Set<string>();
  /** Found by a crash while they ran alone: they are what the dead letters are for (RT-4). */
  readonly #convicted = new Set<string>();
  /** When an attempt may be made at the earliest, as the disk said at some crash. */
  readonly #notBeforeMs = new Map<string, number>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Takes note of a promise. */
  hear(event: ChildEvent): void {
    if (event.event === 'accepted' || event.event === 'durable') {
      const earlier = this.accepted.get(event.key);
      if (earlier !== undefined && earlier !== event.id) {
        this.#breaches.push(`accepted twice: ${event.key}`);
      }
      this.accepted.set(event.key, event.id);
      if (isCrisisKey(event.key)) this.#crises.add(event.id);
    }
    if (event.event === 'outcome') {
      const earlier = this.outcomes.get(event.id);
      if (earlier !== undefined && !this.#isKept(event.id, earlier, event.outcome)) {
        this.#breaches.push(`outcome changed: ${event.id}`);
      }
      this.outcomes.set(event.id, event.outcome);
    }
  }

  /** Ids that were accepted and whose ending was not reported. */
  get unreported(): readonly string[] {
    return [...this.accepted.values()].filter((id) => !this.outcomes.has(id));
  }

  /** What must hold at any moment, so also right after a crash. */
  atRest(rows: readonly RowAtRest[]): readonly string[] {
    const breaches = [
      ...this.#breaches,
      ...this.#lost(rows),
      ...this.#unordered(rows),
      ...this.#appliedTwice(),
      ...this.#backwards(),
      ...this.#outOfLane(rows),
      ...this.#tooEarly(),
    ];
    this.#note(rows);
    return breaches;
  }

  /** What must hold once nothing is left to do. */
  settled(rows: readonly RowAtRest[], expected: Expected): readonly string[] {
    const breaches = [...this.atRest(rows)];
    for (const id of this.unreported) breaches.push(`never reported: ${id}`);
    const numberOf = new Map(this.#ledger.requests.map(({ key, number }) => [key, number]));
    for (const { row, context } of rows) {
      const { id, idempotencyKey, ending, failure } = context;
      const number = numberOf.get(idempotencyKey);
      if (!hasEnded(row)) breaches.push(`not settled: ${id} is ${row.standing}`);
      else if (failure?.code === 'HF_CRASHES_PROCESS') {
        if (!this.#convicted.has(id)) breaches.push(`wrongly convicted: ${id}`);
      } else if (number === undefined) breaches.push(`never attempted: ${id}`);
      else if (ending !== expected(number)) {
        breaches.push(`wrong ending: ${id} ${ending} ${failure?.code ?? ''}`);
      }
    }
    return breaches;
  }

  /** OP-2: accepted means on disk; PS-2: reported means on disk, and completed means applied. */
  #lost(rows: readonly RowAtRest[]): string[] {
    const byId = new Map(rows.map((row) => [row.row.id, row]));
    const applied = new Set(this.#ledger.effects.map(({ key }) => key));
    const breaches: string[] = [];
    for (const [key, id] of this.accepted) if (!byId.has(id)) breaches.push(`lost: ${key}`);
    for (const [id, reported] of this.outcomes) {
      const found = byId.get(id);
      const kept = found !== undefined && hasEnded(found.row) ? outcomeOf(found) : null;
      if (kept === null ? !this.#crises.has(id) : !this.#isKept(id, reported, kept)) {
        breaches.push(`outcome not kept: ${id}`);
      }
    }
    for (const { row, context } of rows) {
      if (row.standing === 'quarantined') breaches.push(`quarantined: ${row.id}`);
      if (context.ending === 'completed' && !applied.has(context.idempotencyKey)) {
        breaches.push(`completed without effect: ${row.id}`);
      }
    }
    return breaches;
  }

  /** PS-2, RT-4: what the upstream saw, the disk knew before. A crisis is the listed exception. */
  #unordered(rows: readonly RowAtRest[]): string[] {
    const attempts = new Map<string, number>();
    const crises = new Set<string>();
    for (const { context } of rows) {
      attempts.set(context.idempotencyKey, context.attempt);
      if (context.priority === 'crisis') crises.add(context.idempotencyKey);
    }
    return this.#ledger.requests
      .filter(({ key }) => !isCrisisKey(key) && !crises.has(key))
      .filter(({ key, attempt }) => attempt > (attempts.get(key) ?? 0))
      .map(({ key, attempt }) => `effect before state: attempt ${attempt} of ${key}`);
  }

  /** OP-3: one effect for one request, whatever keys it came under. */
  #appliedTwice(): string[] {
    const seen = new Set<number>();
    const breaches = [...this.#ledger.mismatched].map((key) => `body changed: ${key}`);
    for (const { number, key } of this.#ledger.effects) {
      if (seen.has(number)) breaches.push(`applied twice: ${number} under ${key}`);
      seen.add(number);
    }
    return breaches;
  }

  /** RT-4: the attempt number of an operation never goes back. */
  #backwards(): string[] {
    const highest = new Map<string, number>();
    const breaches: string[] = [];
    for (const { key, attempt } of this.#ledger.requests) {
      const before = highest.get(key) ?? 0;
      if (attempt < before && !isCrisisKey(key)) {
        breaches.push(`attempt went back: ${key} from ${before} to ${attempt}`);
      }
      highest.set(key, Math.max(before, attempt));
    }
    return breaches;
  }

  /** OP-4: operations of one entity take effect in the order of their acceptance. */
  #outOfLane(rows: readonly RowAtRest[]): string[] {
    const byKey = new Map(rows.map((row) => [row.context.idempotencyKey, row]));
    const lastSeq = new Map<string, number>();
    const breaches: string[] = [];
    for (const { key } of this.#ledger.effects) {
      const found = byKey.get(key);
      if (found === undefined || found.context.priority === 'crisis') continue;
      const { entity } = found.context;
      if (entity === null) continue;
      const lane = `${entity.type}/${entity.id}`;
      const { seq } = found.row;
      if (seq < (lastSeq.get(lane) ?? 0)) breaches.push(`out of order: ${key} in ${lane}`);
      lastSeq.set(lane, Math.max(seq, lastSeq.get(lane) ?? 0));
    }
    return breaches;
  }

  /** RT-4: no restart shortens a pending delay. */
  #tooEarly(): string[] {
    return this.#ledger.requests
      .filter(({ key, attempt, atMs }) => atMs < (this.#notBeforeMs.get(`${key} ${attempt}`) ?? 0))
      .map(({ key, attempt }) => `before it was due: attempt ${attempt} of ${key}`);
  }

  #isKept(id: string, reported: ReportedOutcome, kept: ReportedOutcome): boolean {
    return this.#crises.has(id) ? reported.status === kept.status : isSame(reported, kept);
  }

  #note(rows: readonly RowAtRest[]): void {
    for (const { row, state, context } of rows) {
      if (row.standing === 'inHand' && isCulprit(context.crashes)) {
        this.#convicted.add(row.id);
      }
      if (row.standing !== 'due' || state !== 'backingOff') continue;
      this.#notBeforeMs.set(`${context.idempotencyKey} ${context.attempt + 1}`, context.wakeAtMs);
    }
  }
}

/** Crises of these tests have keys of their own, for the oracle must know them before a row does. */
export function isCrisisKey(key: string): boolean {
  return key.startsWith('crisis-');
}

function hasEnded({ standing }: RowAtRest['row']): boolean {
  return standing === 'settled' || standing === 'deadLettered';
}

function outcomeOf({ context }: RowAtRest): ReportedOutcome {
  const outcome = toOutcome(context, undefined, undefined);
  const { status, attempts, settledAtMs } = outcome;
  return {
    status,
    attempts,
    settledAtMs,
    code: outcome.status === 'completed' ? null : outcome.error.code,
  };
}

function isSame(one: ReportedOutcome, other: ReportedOutcome): boolean {
  return (
    one.status === other.status &&
    one.attempts === other.attempts &&
    one.settledAtMs === other.settledAtMs &&
    one.code === other.code
  );
}
