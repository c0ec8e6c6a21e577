/**
 * Writes the audit (AU-1): what is recorded is noted in the same turn as the write that it is about and goes to disk in
 * one commit with it. Facts mirror it and are no source of it: a fact is told once its write is durable, and a process
 * that is killed in between would have done what nobody recorded.
 *
 * @module
 */

import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import type { Random } from '../../machines/vocabulary/clock.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { AuditAct, AuditNote } from '../../persistence/port/audit.ts';
import type { AboutConflict } from '../facts/conflictFacts.ts';
import type { FactTaps } from '../facts/factStream.ts';
import type { Material } from '../facts/factTable.ts';
import type { Journal } from './journal.ts';

/** Content of a note; id and time come with it, number and chain with its write. */
export type Noted = Omit<AuditNote, 'id' | 'atMs'>;

type Details = Omit<Noted, 'act'>;
type Context = Pick<SyncOperationContext, 'id' | 'subject'>;

/** Facts that are told in the turn of the write that they are about, and what is recorded of each; `null` for nothing. */
const NOTED = {
  'breaker.changed': (...[upstream, , to]: Material<'breaker.changed'>) => ({ upstream, code: to }),
  'level.changed': (...[scope, , to]: Material<'level.changed'>) => ({
    upstream: scope === 'global' ? undefined : scope,
    code: to,
  }),
  'crisis.answeredLate': (...[id, elapsedMs]: Material<'crisis.answeredLate'>) => ({
    operationId: id ?? undefined,
    n: { elapsedMs: Math.round(elapsedMs) },
  }),
  'crisis.escalated': (...[context, upstream, cause]: Material<'crisis.escalated'>) => ({
    ...about(context, upstream),
    code: cause,
  }),
  'crisis.stepNotified': (...[context, upstream, step]: Material<'crisis.stepNotified'>) => ({
    ...about(context, upstream),
    step: step.name,
    n: { calls: step.calls },
  }),
  'crisis.stepFailed': (...[context, upstream, step]: Material<'crisis.stepFailed'>) => ({
    ...about(context, upstream),
    code: step.why,
    step: step.name,
    n: { calls: step.calls },
  }),
  'crisis.noted': by,
  'crisis.acknowledged': takenOn,
  'crisis.acknowledgementLapsed': takenOn,
  'crisis.released': by,
  'crisis.callOffProposed': by,
  'crisis.exhausted': (...[context, upstream]: Material<'crisis.exhausted'>) =>
    about(context, upstream),
  'crisis.calledOff': (...[context, upstream, person]: Material<'crisis.calledOff'>) => ({
    ...about(context, upstream),
    by: person?.id,
  }),
  'crisis.escalationEnded': (
    ...[context, upstream, ending]: Material<'crisis.escalationEnded'>
  ) => ({ ...about(context, upstream), code: ending }),
  'crisis.unreadable': (...[operationId, code]: Material<'crisis.unreadable'>) => ({
    operationId,
    code,
  }),
  'crisisMode.changed': (...[mode, what, person]: Material<'crisisMode.changed'>) => ({
    subject: mode.subject ?? undefined,
    by: person?.id,
    code: what,
  }),
  'conflict.detected': (...[of, reason]: Material<'conflict.detected'>) => ({
    ...aboutConflict(of),
    code: reason,
  }),
  'override.made': (...[what, of]: Material<'override.made'>) => ({
    operationId: of.operationId ?? undefined,
    upstream: of.upstream ?? undefined,
    by: of.by?.id,
    code: what.replaceAll('.', '_'),
    n: of.count === undefined ? undefined : { count: of.count },
  }),
  'record.quarantined': (...[operationId, code]: Material<'record.quarantined'>) => ({
    operationId,
    code,
  }),
  'store.held': (...[reason]: Material<'store.held'>) => ({ code: reason }),
} satisfies { readonly [Act in AuditAct]?: (...material: never[]) => Details };

/**
 * Makes notes, each with the time and an id: a random begin, which is drawn once, and a count. A begin that is made of
 * clocks would be that of another process, too, where a machine starts at the same time again and again.
 */
export class AuditNotes {
  readonly #now: () => number;
  readonly #random: Pick<Random, 'uuid'>;
  /** Begins the ids of this process. */
  #prefix = '';
  #count = 0;

  /** @param now wall-clock time as it is stamped on what is kept */
  constructor(now: () => number, random: Pick<Random, 'uuid'>) {
    this.#now = now;
    this.#random = random;
  }

  of(noted: Noted): AuditNote {
    if (this.#prefix === '') this.#prefix = this.#random.uuid().slice(0, -COUNT_DIGITS);
    this.#count += 1;
    return { id: this.#prefix + hexOf(this.#count), atMs: this.#now(), ...noted };
  }
}

/** Digits in the last group of a UUID. */
const COUNT_DIGITS = 12;

function hexOf(count: number): string {
  return count.toString(16).padStart(COUNT_DIGITS, '0');
}

/** Notes in memory at once: some 2 MB. */
const WAITING_MAX = 4_096;

export class AuditTrail {
  readonly notes: AuditNotes;
  readonly #journal: Pick<Journal, 'write'>;
  /** Notes that are not on disk. */
  #waiting = 0;
  /** Notes that found no room since one was last on disk. */
  #missed = 0;

  constructor(parts: {
    readonly journal: Pick<Journal, 'write'>;
    readonly facts: FactTaps;
    readonly notes: AuditNotes;
  }) {
    this.notes = parts.notes;
    this.#journal = parts.journal;
    const all = Object.entries(NOTED) as [keyof typeof NOTED, (...of: unknown[]) => Details][];
    for (const [act, details] of all) {
      parts.facts.tap(act, (...of: unknown[]) => {
        this.note({ act, ...details(...of) });
      });
    }
  }

  /**
   * Records it with the next commit. While storage fails so much is kept in memory and no more; the entry after that says
   * how many there are not.
   */
  note(noted: Noted): void {
    if (this.#waiting >= WAITING_MAX) {
      this.#missed += 1;
      return;
    }
    this.#waiting += 1;
    const note = this.notes.of(noted);
    this.#journal.write({
      build: () => ({ kind: 'audit', note }),
      isNote: true,
      onRefused: () => {
        this.#waiting -= 1;
        this.#missed += 1;
      },
      onDurable: () => {
        this.#waiting -= 1;
        const missed = this.#missed;
        if (missed === 0) return;
        this.#missed = 0;
        this.note({ act: 'audit.gap', n: { missed } });
      },
    });
  }
}

function about({ id, subject }: Context, upstream: string | null): Details {
  return { operationId: id, subject: subject ?? undefined, upstream: upstream ?? undefined };
}

function by(context: Context, upstream: string | null, person: Person): Details {
  return { ...about(context, upstream), by: person.id };
}

function takenOn(
  context: Context,
  upstream: string | null,
  { by: person }: { readonly by: Person },
): Details {
  return by(context, upstream, person);
}

function aboutConflict({ operationId, upstream }: AboutConflict): Details {
  return { operationId: operationId ?? undefined, upstream: upstream ?? undefined };
}
