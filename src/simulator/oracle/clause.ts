/**
 * A clause of a promise: a way to break it, and how a trace shows that.
 *
 * @module
 */

import type { Known } from './known.ts';
import type { DiskRow, Sight, TraceEvents } from './trace.ts';

/** Listener to each event of a trace, called before {@link Known} takes note of it. */
export type Watch = {
  readonly [Kind in keyof TraceEvents]?: (event: TraceEvents[Kind]) => void;
} & {
  /** Receives all rows on disk, at a crash and at the end. */
  readonly atRest?: (rows: readonly DiskRow[]) => void;
};

/** A sentence of `docs/<page>.md`, without its links and emphasis. */
export interface Says {
  readonly page: string;
  readonly sentence: string;
}

export interface Clause {
  /** Name of a breach of it. */
  readonly breach: string;
  /** Sentence of the docs that it checks. */
  readonly says: Says;
  readonly requirements: readonly string[];
  readonly needs?: readonly Sight[];
  /** True if its memory stays valid once a backup has replaced the store. */
  readonly outlivesRestore?: true;
  /** Begins to watch a trace; `broken` takes the details of a breach. */
  readonly watch: (known: Known, broken: (detail: string) => void) => Watch;
}

/** A source of events for the oracle, with the sights that it lacks and the reason for each. */
export interface Driver {
  readonly name: string;
  readonly blind: Readonly<Partial<Record<Sight, string>>>;
}
