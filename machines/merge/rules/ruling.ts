/**
 * What comes of a merge beside the value: what a person has to look at, and what was decided without one.
 * Nothing that a side wrote is in none of the three (CF-6).
 *
 * @module
 */

import type { Json } from '../../vocabulary/json.ts';
import { type Pieces, sortedInPieces, stepsOf, Work } from '../../vocabulary/pieces.ts';
import { canonical, compareText } from '../values/canonical.ts';
import type { Allowance } from '../values/difference.ts';
import { sha256InPieces } from '../values/sha256.ts';
import type { Origin } from './change.ts';

/** One side's value, and whose it is. */
export interface Alternative {
  readonly value: Json;
  /** The device or service; `null` for the common ancestor. */
  readonly actor: string | null;
  /** Its clock, in milliseconds since 1970, as it came. */
  readonly atMs: number | null;
  readonly verified?: boolean;
}

/** Something that no rule could decide safely. The value is usable meanwhile. */
export interface ReviewItem {
  /** The same on every device that meets the same conflict. */
  readonly id: string;
  /** A JSON Pointer into the value; an item of a list by its identity. */
  readonly path: string;
  /** The rule that could not decide. */
  readonly rule: string;
  readonly reason: string;
  readonly alternatives: readonly Alternative[];
  /** Who removed what is asked about, where that is what happened. */
  readonly removedBy?: readonly string[];
}

/** Something that a rule decided, with what it did not take. */
export interface AuditEntry {
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
  /** What stands in the value; `null` when nothing does. */
  readonly kept: Json;
  readonly lost: readonly Alternative[];
  /** Who removed it, where that is what happened. */
  readonly removedBy?: readonly string[];
}

/** Steps of comparing that all texts of a record may take. */
const TEXTS_WORK_MAX = 1_000_000;

/** An entry before the name of the merge is known. */
export class Ruling {
  readonly audit: AuditEntry[] = [];
  /** Where the rule stands that rules. */
  readonly path: string[] = [];
  /** What comparing the texts of one record may still take. */
  readonly texts: Allowance;
  /** What is asked, each by all that makes it that. */
  readonly #asked = new Map<string, Omit<ReviewItem, 'id'>>();

  /** Counts what the rules do. */
  readonly work: Work;

  constructor(work = new Work(), texts: Allowance = { left: TEXTS_WORK_MAX }) {
    this.work = work;
    this.texts = texts;
  }

  /** Another, for what does not stand: its work counts here. */
  apart(): Ruling {
    return new Ruling(this.work, this.texts);
  }

  ask(
    rule: string,
    reason: string,
    alternatives: readonly Alternative[],
    path: string = this.pointer(),
    removedBy: readonly string[] = [],
  ): void {
    const name = canonical([path, reason, alternatives as unknown as Json]);
    if (this.#asked.has(name)) return;
    const item = { path, rule, reason, alternatives };
    this.#asked.set(name, removedBy.length === 0 ? item : { ...item, removedBy });
  }

  /** What there is to choose from in all that is asked. */
  get alternatives(): readonly Alternative[] {
    return [...this.#asked.values()].flatMap((item) => item.alternatives);
  }

  note(
    rule: string,
    reason: string,
    kept: Json | undefined,
    lost: readonly Alternative[],
    removedBy: readonly string[] = [],
  ): void {
    this.audit.push({
      path: this.pointer(),
      rule,
      reason,
      kept: kept ?? null,
      lost,
      ...(removedBy.length === 0 ? {} : { removedBy }),
    });
  }

  at<T>(key: string, rule: () => T): T {
    this.path.push(key);
    const result = rule();
    this.path.pop();
    return result;
  }

  /** The same in pieces. */
  *atInPieces<T>(key: string, rule: Pieces<T>): Pieces<T> {
    this.path.push(key);
    const result = yield* rule;
    this.path.pop();
    return result;
  }

  pointer(): string {
    return pointerOf(this.path);
  }

  /** What is asked and what was decided, each in one order. */
  *inOrder(): Pieces<{
    readonly review: readonly ReviewItem[];
    readonly audit: readonly AuditEntry[];
  }> {
    const { work } = this;
    const asked: ReviewItem[] = [];
    for (const [name, item] of this.#asked) {
      const id = yield* sha256InPieces([name], work);
      asked.push({ id: id.slice(0, 32), ...item });
      if (work.isDue(stepsOf(name))) yield;
    }
    const review = yield* sortedInPieces(
      asked,
      (one, other) => compareText(one.path, other.path) || compareText(one.id, other.id),
      work,
    );
    const audit = yield* sortedInPieces(
      this.audit,
      (one, other) =>
        compareText(one.path, other.path) ||
        compareText(canonical(one as unknown as Json), canonical(other as unknown as Json)),
      work,
    );
    return { review, audit };
  }
}

/** What marks the key of a group of fields, which is no field. */
export const GROUP_MARK = '\u0000';

/** What marks a step that leads to another way of taking the same value. */
export const SHAPE_MARK = '\u0001';

/** The JSON Pointer of a path; of a group that of the object whose fields it is of. */
export function pointerOf(path: readonly string[]): string {
  return path
    .filter((key) => !key.startsWith(SHAPE_MARK) && !key.startsWith(GROUP_MARK))
    .map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

/** All that a projection comes to that does not stand: its value, and what it did not take itself. */
export function* allOf(
  within: Ruling,
  project: (ruling: Ruling) => Pieces<Json | undefined>,
  from: Origin | null = null,
): Pieces<readonly Alternative[]> {
  const apart = within.apart();
  const value = yield* project(apart);
  if (value === undefined) return [];
  return [
    alternative(value, from),
    ...apart.audit.flatMap(({ lost }) => lost),
    ...apart.alternatives,
  ];
}

/** What a side says, for review and audit. */
export function alternative(value: Json, from: Origin | null): Alternative {
  if (from === null) return { value, actor: null, atMs: null };
  const { actor, givenMs, isVerified } = from;
  return { value, actor, atMs: givenMs, ...(isVerified ? { verified: true } : {}) };
}
