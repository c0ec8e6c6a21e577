/**
 * What a trace has said so far, for the clauses to look up.
 *
 * @module
 */

import { type DiskRow, isCrisisKey, type ToldOutcome, type TraceEvent } from './trace.ts';

/** Crashes of an operation, in a row and while it ran alone, after which one more convicts it (docs/decisions/0033). */
const CRASHES_BEFORE_LAST = 5;

export class Known {
  /** Ids of accepted operations, by the key that the caller gave. */
  readonly accepted = new Map<string, string>();
  readonly keys = new Map<string, string>();
  /** Ids of what was attempted, by key: what was refused by a disk that kept it all the same, too. */
  readonly #begun = new Map<string, string>();
  readonly outcomes = new Map<string, ToldOutcome>();
  /** Keys of what the upstream did. */
  readonly applied = new Set<string>();
  /** Keys of what it only said it did. */
  readonly pretended = new Set<string>();
  /** Keys of what the upstream was asked for. */
  readonly attempted = new Set<string>();
  /** What was on disk when last no process ran. */
  rows: ReadonlyMap<string, DiskRow> = new Map();
  /** Ids that a caller asked to end, or to go on without waiting. */
  readonly cancelled = new Set<string>();
  readonly hurried = new Set<string>();
  /** Ids of dead letters that a person has run again, or forgotten; `null` stands for all that matched. */
  readonly replayed = new Set<string | null>();
  readonly purged = new Set<string | null>();
  /** Ids of what was a dead letter at some time. */
  readonly letters = new Set<string>();
  /** Ids and keys of what can't be opened any more. */
  readonly damaged = new Set<string>();
  /** A crash found them while they ran alone: they are what the dead letters are for (RT-4). */
  readonly culprits = new Set<string>();
  readonly expected: (key: string) => readonly string[] | null;

  constructor(expected: (key: string) => readonly string[] | null) {
    this.expected = expected;
  }

  /** Ids that were accepted and whose ending was not told. */
  get unreported(): readonly string[] {
    return [...this.accepted.values()].filter((id) => !this.outcomes.has(id));
  }

  /** The operation that goes out under a key; empty where nobody was told of one. */
  idOf(key: string): string {
    return this.accepted.get(key) ?? this.#begun.get(key) ?? '';
  }

  isCrisis(id: string): boolean {
    return isCrisisKey(this.keys.get(id) ?? '') || this.rows.get(id)?.isCrisis === true;
  }

  /** Whether a person may have run it again: then it may end otherwise, and its attempts are counted from 1 again. */
  mayBeReplayed(id: string): boolean {
    return this.replayed.has(id) || (this.replayed.has(null) && this.letters.has(id));
  }

  /** Whether a person may have had it forgotten: one by its id, of many those that are dead letters. */
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
        else if (event.id !== null && event.what !== 'takeOn')
          (event.what === 'cancel' ? this.cancelled : this.hurried).add(event.id);
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

  /** A restored store knows nothing of what came after its backup. */
  #restored(rows: readonly DiskRow[]): void {
    this.rows = new Map(rows.map((row) => [row.id, row]));
    this.outcomes.clear();
    for (const [key, id] of this.accepted) if (!this.rows.has(id)) this.accepted.delete(key);
    // One that is older than the store before it may know what that had forgotten.
    for (const { id, isCrisis } of rows) {
      const key = this.keys.get(id);
      if (key !== undefined && !isCrisis) this.accepted.set(key, id);
    }
  }
}
