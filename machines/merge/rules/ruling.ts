/**
 * Results of a merge beside the value: questions for a person, and decisions without one. Everything that a side
 * wrote is in one of the three (CF-6).
 *
 * @module
 */

import { type Pieces, sortedInPieces, stepsOf, Work } from '../../vocabulary/pieces.ts';
import type { Json } from '../../vocabulary/shape.ts';
import { canonical, compareText } from '../values/canonical.ts';
import type { Allowance } from '../values/difference.ts';
import { sha256InPieces } from '../values/sha256.ts';
import type { Origin } from './change.ts';

/** Value of a side, with its author. */
export interface Alternative {
  readonly value: Json;
  /** Device or service; `null` for the common ancestor. */
  readonly actor: string | null;
  /** Time of its clock, in milliseconds since 1970, as given. */
  readonly atMs: number | null;
  readonly verified?: boolean;
}

/** Question that no rule could decide safely. The value is usable meanwhile. */
export interface ReviewItem {
  /** Id that is the same on every device with the same conflict. */
  readonly id: string;
  /** JSON Pointer into the value; an item of a list by its identity. */
  readonly path: string;
  /** Rule that could not decide. */
  readonly rule: string;
  readonly reason: string;
  readonly alternatives: readonly Alternative[];
  /** Authors of a removal that is asked about. */
  readonly removedBy?: readonly string[];
}

/** Decision of a rule, with what it did not take. */
export interface AuditEntry {
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
  /** Part of the value that was kept; `null` for none. */
  readonly kept: Json;
  readonly lost: readonly Alternative[];
  /** Authors of its removal. */
  readonly removedBy?: readonly string[];
}

/** Limit on steps of comparing all texts of a record. */
const TEXTS_WORK_MAX = 1_000_000;

/** An entry before the name of the merge is known. */
export class Ruling {
  readonly audit: AuditEntry[] = [];
  /** Current place of the rule. */
  readonly path: string[] = [];
  /** Steps left for comparing the texts of one record. */
  readonly texts: Allowance;
  /** Questions, each by all that identifies it. */
  readonly #asked = new Map<string, Omit<ReviewItem, 'id'>>();

  /** Counter of the rules' work. */
  readonly work: Work;

  constructor(work = new Work(), texts: Allowance = { left: TEXTS_WORK_MAX }) {
    this.work = work;
    this.texts = texts;
  }

  /** Makes another ruling, for alternatives that are not taken; its work counts here. */
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

  /** All alternatives of all questions. */
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

  /** {@link at} in pieces. */
  *atInPieces<T>(key: string, rule: Pieces<T>): Pieces<T> {
    this.path.push(key);
    const result = yield* rule;
    this.path.pop();
    return result;
  }

  pointer(): string {
    return pointerOf(this.path);
  }

  /** Returns questions and decisions, each in canonical order. */
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

/** Mark of the key of a group of fields, which is no field. */
export const GROUP_MARK = '\u0000';

/** Mark of a step to another reading of the same value. */
export const SHAPE_MARK = '\u0001';

/** Returns the JSON Pointer of a path; for a group that of the object whose fields it has. */
export function pointerOf(path: readonly string[]): string {
  return path
    .filter((key) => !key.startsWith(SHAPE_MARK) && !key.startsWith(GROUP_MARK))
    .map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

/** Returns all alternatives of a projection that is not taken: its value, and what it did not take itself. */
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

/** Makes an alternative for review and audit. */
export function alternative(value: Json, from: Origin | null): Alternative {
  if (from === null) return { value, actor: null, atMs: null };
  const { actor, givenMs, isVerified } = from;
  return { value, actor, atMs: givenMs, ...(isVerified ? { verified: true } : {}) };
}
