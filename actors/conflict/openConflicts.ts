/**
 * Counts the conflicts that wait for a person, for health: how many, since when, and of which upstream (HM-1).
 *
 * @module
 */

import type { ConflictRecord } from '../../machines/conflict/conflictRecord.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { FactTaps } from '../facts/factStream.ts';

/** Conflicts that wait for a person. */
export interface WaitingConflicts {
  readonly count: number;
  /** How many operations wait for the decision, with all that is in their lanes. */
  readonly held: number;
  /** How many of them were decided, and what carried that out was refused for good: they are to be decided again. */
  readonly refused: number;
  /** Since when the first of them waits; `null` where none does. */
  readonly oldestAtMs: number | null;
}

/** In all, and by the upstream of those whose handler is registered. */
export interface ConflictsHealth extends WaitingConflicts {
  readonly upstreams: Readonly<Record<string, WaitingConflicts>>;
}

interface Waiting {
  readonly type: string;
  readonly operationId: string | null;
  readonly openedAtMs: number;
  readonly isHeld: boolean;
  readonly isRefused?: boolean;
}

export class OpenConflicts {
  readonly #waiting = new Map<string, Waiting>();
  /** By the operation that waits for the decision. */
  readonly #held = new Map<string, string>();

  constructor(facts: FactTaps, now: () => number) {
    facts.tap('conflict.awaitsReview', (about, _reason, _questions, isHeld) => {
      const { conflictId, type, operationId } = about;
      this.#opened(conflictId, { type, operationId, openedAtMs: now(), isHeld });
    });
    facts.tap('conflict.quarantined', ({ conflictId, operationId, type }) => {
      const isHeld = operationId !== null;
      this.#opened(conflictId, { type, operationId, openedAtMs: now(), isHeld });
    });
    facts.tap('conflict.resolved', ({ conflictId, operationId }) => {
      this.#waiting.delete(conflictId);
      if (this.heldFor(operationId ?? '') === conflictId) this.#held.delete(operationId ?? '');
    });
  }

  /** Counts a conflict that waits, as its record says. */
  opened({ id, type, operationId, openedAtMs, isHeld, decisions }: ConflictRecord): void {
    const isRefused = decisions.at(-1)?.refusedFor !== undefined;
    this.#waiting.delete(id);
    this.#opened(id, { type, operationId, openedAtMs, isHeld, isRefused });
  }

  /** The conflict whose decision this operation waits for. */
  heldFor(operationId: string): string | undefined {
    return this.#held.get(operationId);
  }

  /** Which of them are of which upstream follows from the handlers that there are now. */
  health(upstreamOf: (type: string) => string | undefined): ConflictsHealth {
    const upstreams = new Map<string, Counted>();
    const all: Counted = { ...NONE };
    for (const waiting of this.#waiting.values()) {
      count(all, waiting);
      const upstream = upstreamOf(waiting.type);
      if (upstream === undefined) continue;
      const its = upstreams.get(upstream) ?? { ...NONE };
      upstreams.set(upstream, its);
      count(its, waiting);
    }
    return { ...all, upstreams: Object.fromEntries(upstreams) };
  }

  #opened(id: string, waiting: Waiting): void {
    // One that is met again after a crash waits since it was met first.
    if (!this.#waiting.has(id)) this.#waiting.set(id, waiting);
    if (waiting.isHeld && waiting.operationId !== null) this.#held.set(waiting.operationId, id);
  }
}

type Counted = { -readonly [Field in keyof WaitingConflicts]: WaitingConflicts[Field] };

const NONE: WaitingConflicts = { count: 0, held: 0, refused: 0, oldestAtMs: null };

function count(counted: Counted, { isHeld, isRefused, openedAtMs }: Waiting): void {
  counted.count += 1;
  if (isRefused === true) counted.refused += 1;
  if (isHeld) counted.held += 1;
  counted.oldestAtMs = Math.min(counted.oldestAtMs ?? openedAtMs, openedAtMs);
}

export class AskedRecords {
  readonly #onChanged: (key: string) => void;
  /** The record of each conflict that waits for a person. */
  readonly #records = new Map<string, string>();
  /** The conflicts of a record that do. */
  readonly #conflicts = new Map<string, Set<string>>();

  /** @param onChanged told of each record of which more or less is asked, by its key */
  constructor(onChanged: (key: string) => void = () => undefined) {
    this.#onChanged = onChanged;
  }

  /** Notes a conflict that is on disk now. */
  kept(conflict: ConflictRecord): void {
    this.closed(conflict.id);
    const key = entityKey(conflict.entity);
    if (conflict.state === 'resolved' || key === null) return;
    this.#records.set(conflict.id, key);
    const conflicts = this.#conflicts.get(key) ?? new Set();
    this.#conflicts.set(key, conflicts.add(conflict.id));
    this.#onChanged(key);
  }

  /** Nobody is asked about it any more. */
  closed(conflictId: string): void {
    const key = this.#records.get(conflictId);
    if (key === undefined) return;
    this.#records.delete(conflictId);
    const conflicts = this.#conflicts.get(key);
    conflicts?.delete(conflictId);
    if (conflicts?.size === 0) this.#conflicts.delete(key);
    this.#onChanged(key);
  }

  isOpen(conflictId: string): boolean {
    return this.#records.has(conflictId);
  }

  has(entity: Entity): boolean {
    return this.#conflicts.has(entityKey(entity) ?? '');
  }

  /** The ids of the conflicts of a record that wait for a person. */
  of(entity: Entity): readonly string[] {
    return [...(this.#conflicts.get(entityKey(entity) ?? '') ?? [])];
  }
}
