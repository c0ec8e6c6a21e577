/**
 * Counts the conflicts that wait for a person, for health: how many, since when, and of which upstream (HM-1).
 *
 * @module
 */

import type { ConflictRecord } from '../../machines/conflict/conflictRecord.ts';
import type { FactTaps } from '../facts/factStream.ts';

/** Conflicts that wait for a person. */
export interface WaitingConflicts {
  readonly count: number;
  /** How many operations wait for the decision, with all that is in their lanes. */
  readonly held: number;
  /** Since when the first of them waits; `null` where none does. */
  readonly oldestAtMs: number | null;
}

/** In all, and by the upstream of those whose handler is registered. */
export interface ConflictsHealth extends WaitingConflicts {
  readonly upstreams: Readonly<Record<string, WaitingConflicts>>;
}

interface Waiting {
  readonly type: string;
  readonly openedAtMs: number;
  readonly isHeld: boolean;
}

export class OpenConflicts {
  readonly #waiting = new Map<string, Waiting>();

  constructor(facts: FactTaps, now: () => number) {
    facts.tap('conflict.awaitsReview', ({ conflictId, type }, _reason, _questions, isHeld) => {
      this.#opened(conflictId, { type, openedAtMs: now(), isHeld });
    });
    facts.tap('conflict.quarantined', ({ conflictId, operationId, type }) => {
      this.#opened(conflictId, { type, openedAtMs: now(), isHeld: operationId !== null });
    });
    facts.tap('conflict.resolved', ({ conflictId }) => {
      this.#waiting.delete(conflictId);
    });
  }

  /** It waits, as its record says. */
  opened({ id, type, openedAtMs, isHeld }: ConflictRecord): void {
    this.#waiting.set(id, { type, openedAtMs, isHeld });
  }

  /** Which of them are of which upstream follows from the handlers that there are now. */
  health(upstreamOf: (type: string) => string | undefined): ConflictsHealth {
    const all = [...this.#waiting.values()];
    const byUpstream = new Map<string, Waiting[]>();
    for (const one of all) {
      const upstream = upstreamOf(one.type);
      if (upstream !== undefined) {
        byUpstream.set(upstream, [...(byUpstream.get(upstream) ?? []), one]);
      }
    }
    return {
      ...summaryOf(all),
      upstreams: Object.fromEntries(
        [...byUpstream].map(([name, waiting]) => [name, summaryOf(waiting)]),
      ),
    };
  }

  #opened(id: string, waiting: Waiting): void {
    // One that is met again after a crash waits since it was met first.
    if (!this.#waiting.has(id)) this.#waiting.set(id, waiting);
  }
}

function summaryOf(waiting: readonly Waiting[]): WaitingConflicts {
  return {
    count: waiting.length,
    held: waiting.filter(({ isHeld }) => isHeld).length,
    oldestAtMs: waiting.reduce<number | null>(
      (oldest, { openedAtMs }) => Math.min(oldest ?? openedAtMs, openedAtMs),
      null,
    ),
  };
}
