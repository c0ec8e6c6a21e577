/**
 * What a trace has said so far, for the clauses to look up.
 *
 * @module
 */

import { isCulprit } from '../../../machines/policy/retry/crashPolicy.ts';
import { type DiskRow, isCrisisKey, type ToldOutcome, type TraceEvent } from './trace.ts';

export class Known {
  /** Ids of accepted operations, by the key that the caller gave. */
  readonly accepted = new Map<string, string>();
  readonly keys = new Map<string, string>();
  readonly outcomes = new Map<string, ToldOutcome>();
  /** Keys of what the upstream did. */
  readonly applied = new Set<string>();
  /** Keys of what the upstream was asked for. */
  readonly attempted = new Set<string>();
  /** What was on disk when last no process ran. */
  rows: ReadonlyMap<string, DiskRow> = new Map();
  /** Ids that a caller asked to end, or to go on without waiting. */
  readonly cancelled = new Set<string>();
  readonly hurried = new Set<string>();
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

  isCrisis(id: string): boolean {
    return isCrisisKey(this.keys.get(id) ?? '') || this.rows.get(id)?.isCrisis === true;
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
        break;
      case 'asked':
        (event.what === 'cancel' ? this.cancelled : this.hurried).add(event.id);
        break;
      case 'attempted':
        this.attempted.add(event.key);
        break;
      case 'applied':
        this.applied.add(event.key);
        break;
      case 'disk':
      case 'finished':
        this.rows = new Map(event.rows.map((row) => [row.id, row]));
        for (const { id, isInHand, crashes } of event.rows) {
          if (isInHand && isCulprit(crashes, true)) this.culprits.add(id);
        }
        break;
      default:
    }
  }
}
