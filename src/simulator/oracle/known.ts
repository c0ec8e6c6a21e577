/**
 * Facts that a trace has told so far, for the clauses to look up.
 *
 * @module
 */

import { type DiskRow, isCrisisKey, type ToldOutcome, type TraceEvent } from './trace.ts';

/**
 * Crashes of an operation, in a row and while it ran alone, after which the next one convicts it
 * (docs/decisions/0033).
 */
const CRASHES_BEFORE_LAST = 5;

export class Known {
  /** Ids of accepted operations, by the key that the caller gave. */
  readonly accepted = new Map<string, string>();
  readonly keys = new Map<string, string>();
  /** Ids of attempted operations, by key, also where the disk kept a refused one. */
  readonly #begun = new Map<string, string>();
  readonly outcomes = new Map<string, ToldOutcome>();
  /** Keys of work that the upstream did. */
  readonly applied = new Set<string>();
  /** Keys of work that the upstream only claimed to have done. */
  readonly pretended = new Set<string>();
  /** Keys of work that somebody asked the upstream for. */
  readonly attempted = new Set<string>();
  /** Rows on disk when last no process ran. */
  rows: ReadonlyMap<string, DiskRow> = new Map();
  /** Ids that a caller asked to end, or to go on without waiting. */
  readonly cancelled = new Set<string>();
  readonly hurried = new Set<string>();
  /** Ids of dead letters that a person has run again or purged; `null` stands for all that matched. */
  readonly replayed = new Set<string | null>();
  readonly purged = new Set<string | null>();
  /** Ids of operations that were dead letters at some time. */
  readonly letters = new Set<string>();
  /** Ids and keys of rows that nobody can open any more, or that another hand has touched. */
  readonly damaged = new Set<string>();
  /** Ids and keys of those of which a person, or the process that had them in memory, has made a record again. */
  readonly takenAnew = new Set<string>();
  /** Ids and keys of touched operations, by the names of their records. */
  readonly #touched = new Map<string, readonly string[]>();
  /** Ids of operations that crashed while they ran alone: dead letters exist for these (RT-4). */
  readonly culprits = new Set<string>();
  readonly expected: (key: string) => readonly string[] | null;

  constructor(expected: (key: string) => readonly string[] | null) {
    this.expected = expected;
  }

  /** Ids of accepted operations whose ending nobody has told. */
  get unreported(): readonly string[] {
    return [...this.accepted.values()].filter((id) => !this.outcomes.has(id));
  }

  /** Finds the operation that goes out under a key; empty where nobody has told of one. */
  idOf(key: string): string {
    return this.accepted.get(key) ?? this.#begun.get(key) ?? '';
  }

  isCrisis(id: string): boolean {
    return isCrisisKey(this.keys.get(id) ?? '') || this.rows.get(id)?.isCrisis === true;
  }

  /** Tells whether a person may have run it again: it may then end in another way, and counts its attempts from 1. */
  mayBeReplayed(id: string): boolean {
    return this.replayed.has(id) || (this.replayed.has(null) && this.letters.has(id));
  }

  /** Tells whether a person may have purged it: by its id, or among many dead letters. */
  mayBePurged(id: string): boolean {
    return this.purged.has(id) || (this.purged.has(null) && this.letters.has(id));
  }

  note(event: TraceEvent): void {
    switch (event.event) {
      case 'answered':
        this.keys.set(event.id, event.key);
        break;
      case 'accepted':
        this.accepted.set(event.key, event.id);
        this.keys.set(event.id, event.key);
        break;
      case 'ended':
        this.outcomes.set(event.id, event.outcome);
        if (event.outcome.status === 'deadLettered') this.letters.add(event.id);
        break;
      case 'asked':
        if (event.what === 'replay') this.replayed.add(event.id);
        else if (event.what === 'purge') this.purged.add(event.id);
        else if (event.id === null) break;
        else if (event.what === 'cancel') this.cancelled.add(event.id);
        else if (event.what === 'retryNow') this.hurried.add(event.id);
        break;
      case 'looked':
        for (const { id, standing } of event.rows) {
          if (standing === 'deadLettered') this.letters.add(id);
        }
        break;
      case 'attempted':
        this.attempted.add(event.key);
        if (event.id !== undefined) this.#begun.set(event.key, event.id);
        break;
      case 'pretended':
        this.pretended.add(event.key);
        break;
      case 'applied':
        this.applied.add(event.key);
        break;
      case 'damaged':
        this.damaged.add(event.id).add(event.key);
        break;
      case 'touched':
        if (event.id === undefined) break;
        this.damaged.add(event.id).add(event.key ?? event.id);
        this.#touched.set(event.name, [event.id, event.key ?? event.id]);
        break;
      case 'mended':
        for (const one of this.#touched.get(event.name) ?? []) this.takenAnew.add(one);
        break;
      case 'restored':
        this.#restored(event.rows);
        break;
      case 'disk':
      case 'finished':
        this.rows = new Map(event.rows.map((row) => [row.id, row]));
        for (const { id, isInHand, crashes, outcome } of event.rows) {
          if (outcome?.status === 'deadLettered') this.letters.add(id);
          if (isInHand && crashes >= CRASHES_BEFORE_LAST) this.culprits.add(id);
        }
        break;
      default:
    }
  }

  /** Forgets everything after the backup, of which a restored store knows nothing. */
  #restored(rows: readonly DiskRow[]): void {
    this.rows = new Map(rows.map((row) => [row.id, row]));
    this.outcomes.clear();
    for (const [key, id] of this.accepted) if (!this.rows.has(id)) this.accepted.delete(key);
    // A backup that is older than the last store may know what that store had forgotten.
    for (const { id, isCrisis } of rows) {
      const key = this.keys.get(id);
      if (key !== undefined && !isCrisis) this.accepted.set(key, id);
    }
  }
}
