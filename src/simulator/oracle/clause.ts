/**
 * A clause of a promise: one way to break it, and how a trace shows that.
 *
 * @module
 */

import type { Known } from './known.ts';
import type { DiskRow, Sight, TraceEvents } from './trace.ts';

/** Called with each event of a trace, before {@link Known} has taken note of it. */
export type Watch = {
  readonly [Kind in keyof TraceEvents]?: (event: TraceEvents[Kind]) => void;
} & {
  /** With all that lies on disk, at a crash and in the end. */
  readonly atRest?: (rows: readonly DiskRow[]) => void;
};

/** A sentence of `docs/<page>.md`, without its links and emphasis. */
export interface Says {
  readonly page: string;
  readonly sentence: string;
}

export interface Clause {
  /** What a breach of it is called. */
  readonly breach: string;
  /** The sentence that it holds. */
  readonly says: Says;
  readonly requirements: readonly string[];
  readonly needs?: readonly Sight[];
  /** True if what it has seen still counts once a backup has taken the place of the store. */
  readonly outlivesRestore?: true;
  /** Begins to watch a trace; `broken` takes the details of a breach. */
  readonly watch: (known: Known, broken: (detail: string) => void) => Watch;
}

/** A source of events for the oracle, and what it cannot see, with the reason. */
export interface Driver {
  readonly name: string;
  readonly blind: Readonly<Partial<Record<Sight, string>>>;
}
