/**
 * Due rows as they are handed out: most urgent first over all the routes that a queue asks for. A route costs a seek in
 * the index, and one more for each rank in which it has rows, however many.
 *
 * @module
 */

import type { Query } from '../../port/questions.ts';
import {
  type Claim,
  NEVER_MS,
  type PassOver,
  type StoredOperation,
  type SubjectChoice,
} from '../../port/store.ts';
import type { OperationRow } from '../seals/rowSeals.ts';
import type { Tables } from './tables.ts';
import { takeAll } from './unreadableRows.ts';

/** Due time and number of a due row, which give its place among those of its rank. */
type DueHead = readonly [dueAtMs: number, seq: number];

/** A route within one rank, with the position up to which it is read. */
class RouteCursor {
  readonly route: Uint8Array;
  readonly rank: number;
  /** Number of rows passed. */
  passed = 0;
  #heads: readonly DueHead[];
  #at = 0;

  constructor(route: Uint8Array, rank: number, head: DueHead) {
    this.route = route;
    this.rank = rank;
    this.#heads = [head];
  }

  /** The next row. Not valid at the end. */
  get head(): DueHead {
    return this.#heads[this.#at] as DueHead;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#heads.length;
  }

  /** Passes a row; `false` where what was read of the route is used up. */
  pass(): boolean {
    this.passed += 1;
    this.#at += 1;
    return !this.isAtEnd;
  }

  /** Adds rows that were read. */
  readOn(heads: readonly DueHead[]): void {
    this.#heads = heads;
    this.#at = 0;
  }

  /** From its first row again. */
  restart(heads: readonly DueHead[]): void {
    this.passed = 0;
    this.readOn(heads);
  }
}

/** A heap of routes with the earliest next row on top; a route at its end leaves. */
class CursorHeap {
  readonly #cursors: RouteCursor[];

  constructor(cursors: readonly RouteCursor[]) {
    // A sorted list is a heap.
    this.#cursors = cursors.filter(({ isAtEnd }) => !isAtEnd).toSorted(inOrder);
  }

  get first(): RouteCursor | undefined {
    return this.#cursors[0];
  }

  /** Restores the order after the first has moved on. */
  firstMoved(): void {
    const cursors = this.#cursors;
    if (cursors[0]?.isAtEnd === true) {
      const last = cursors.pop();
      if (last === undefined || last.isAtEnd) return;
      cursors[0] = last;
    }
    for (let at = 0; ; ) {
      const below = this.#earlierOf(2 * at + 1, 2 * at + 2);
      const [here, child] = [cursors[at], cursors[below]];
      if (here === undefined || child === undefined || inOrder(here, child) < 0) return;
      cursors[at] = child;
      cursors[below] = here;
      at = below;
    }
  }

  #earlierOf(left: number, right: number): number {
    const [a, b] = [this.#cursors[left], this.#cursors[right]];
    return a !== undefined && b !== undefined && inOrder(b, a) < 0 ? right : left;
  }
}

function inOrder(a: RouteCursor, b: RouteCursor): number {
  const [aDueAt, aSeq] = a.head;
  const [bDueAt, bSeq] = b.head;
  return aDueAt - bDueAt || aSeq - bSeq;
}

/** See {@link Store.claim}. */
export function claim(tables: Tables, query: Query<'claim'>): Claim {
  const { routes, urgencyMin = 0, urgencyMax, nowMs, limit } = query;
  const due = new DueReads(tables, query.passOver);
  const rows: StoredOperation[] = [];
  let nextDueAtMs: number | null = null;
  const chosen = query.subjects === undefined ? null : choiceOf(tables, query.subjects);
  for (const { rank, cursors } of due.ranks(routes, urgencyMin, urgencyMax)) {
    const to = { nowMs, limit: limit - rows.length };
    const found =
      chosen === null ? due.inRank(rank, cursors, to) : due.ofSubjects(rank, cursors, to, chosen);
    rows.push(...found.rows);
    nextDueAtMs = earlier(nextDueAtMs, found.nextDueAtMs);
    // Later ranks change nothing in the result.
    if (found.isMoreDue) return { rows, nextDueAtMs: found.nextDueAtMs };
  }
  return { rows, nextDueAtMs };
}

/** See {@link QueueStore.occupiedRoutes}. Only where any route has rows are the names of all worth a tag. */
export function occupiedRoutes(tables: Tables, query: Query<'occupiedRoutes'>): readonly string[] {
  const occupied = new Set([...dueRoutes(tables)].map(hexOf));
  if (occupied.size === 0) return [];
  return query.routes.filter((name) => occupied.has(hexOf(tables.seals.routeTag(name))));
}

/** Each route that has rows that are due, now or ever: a seek each. */
function* dueRoutes({ statements }: Tables): Generator<Uint8Array> {
  let route = statements.nextDueRoute.get(Buffer.alloc(0)) as Uint8Array | undefined;
  while (route !== undefined) {
    yield route;
    route = statements.nextDueRoute.get(route) as Uint8Array | undefined;
  }
}

/** See {@link Store.strays}. Routes and urgencies are few, and each is one seek in the index. */
export function strays(tables: Tables, query: Query<'strays'>): StoredOperation[] {
  const { seals } = tables;
  const { routes, limit } = query;
  const due = new DueReads(tables, query.passOver);
  const claimed = new Set(routes.map((name) => hexOf(seals.routeTag(name))));
  const rows: StoredOperation[] = [];
  for (const route of dueRoutes(tables)) {
    if (rows.length >= limit) break;
    if (!claimed.has(hexOf(route))) rows.push(...straysOf(due, route, limit - rows.length));
  }
  return rows;
}

function straysOf(due: DueReads, route: Uint8Array, limit: number): StoredOperation[] {
  const rows: StoredOperation[] = [];
  let first = due.firstAfter(route, -1);
  while (first !== null && rows.length < limit) {
    const { rank } = first;
    rows.push(...due.take(route, rank, NEVER_MS - 1, limit - rows.length));
    first = due.firstAfter(route, rank);
  }
  return rows;
}

/** The numbers of rows to pass over, as JSON: the given ones, and unreadable rows. */
export function passedOver({ unreadable }: Tables, given: PassOver = []): string | null {
  const isNothing = given.length === 0 && unreadable.size === 0;
  return isNothing ? null : JSON.stringify([...given, ...unreadable]);
}

/** Rows searched at a time for an unreadable one. */
const DAMAGED_AMONG = 10_000;

/** Subjects as the file knows them. */
interface Choice {
  /** The tags, as JSON. */
  readonly tags: string;
  readonly isOnly: 0 | 1;
}

function choiceOf({ seals }: Tables, { names, isOnly }: SubjectChoice): Choice {
  const tags = JSON.stringify(names.map((name) => hexOf(seals.subjectTag(name))));
  return { tags, isOnly: isOnly ? 1 : 0 };
}

interface ClaimLimits {
  readonly nowMs: number;
  readonly limit: number;
}

/** A rank's part of a claim. */
interface RankFound extends Claim {
  /** True if some due rows did not fit. */
  readonly isMoreDue: boolean;
}

/** Numbers of rows by route that come first. */
interface Merged {
  readonly counts: ReadonlyMap<Uint8Array, number>;
  readonly taken: number;
  /** The first that does not. */
  readonly next: DueHead | undefined;
}

class DueReads {
  readonly #tables: Tables;
  /** Mostly there is nothing to pass over, and then nothing is paid for it. */
  readonly #given: PassOver;

  constructor(tables: Tables, given: PassOver = []) {
    this.#tables = tables;
    this.#given = given;
  }

  /** Ranks, in order, in which these routes have rows that are due now or later. */
  *ranks(
    names: readonly string[],
    from: number,
    to: number,
  ): Generator<{ readonly rank: number; readonly cursors: readonly RouteCursor[] }> {
    let waiting = [...new Set(names)]
      .map((name) => this.firstAfter(this.#tables.seals.routeTag(name), from - 1))
      .filter((cursor) => cursor !== null);
    while (waiting.length > 0) {
      const rank = waiting.reduce((least, cursor) => Math.min(least, cursor.rank), Infinity);
      if (rank > to) return;
      const here = waiting.filter((cursor) => cursor.rank === rank);
      yield { rank, cursors: here };
      const moved = here.map(({ route }) => this.firstAfter(route, rank));
      const others = waiting.filter((cursor) => cursor.rank !== rank);
      waiting = [...others, ...moved.filter((cursor) => cursor !== null)];
    }
  }

  /** Due rows of one rank in these routes, and when the next row that is not taken is due. */
  inRank(rank: number, cursors: readonly RouteCursor[], to: ClaimLimits): RankFound {
    const [only] = cursors;
    if (only !== undefined && cursors.length === 1) return this.#inRoute(rank, only, to);
    for (;;) {
      const { counts, taken, next } = this.#merge(rank, cursors, to);
      const rows = [...counts].flatMap(([route, count]) => this.take(route, rank, to.nowMs, count));
      if (rows.length === taken) {
        return {
          rows: counts.size > 1 ? rows.toSorted(byDueTime) : rows,
          ...answerOf(next, to.nowMs),
        };
      }
      // One of them was quarantined or can't be read: others have its place.
      for (const cursor of cursors) cursor.restart(this.#heads(cursor.route, rank, 1, 0));
    }
  }

  /** The same of one route, which needs no merge. */
  #inRoute(rank: number, { route, head }: RouteCursor, { nowMs, limit }: ClaimLimits): RankFound {
    const isDue = limit > 0 && head[0] <= nowMs;
    const rows = isDue ? this.take(route, rank, nowMs, limit) : [];
    const [next] = isDue ? this.#heads(route, rank, 1, rows.length) : [head];
    return { rows, ...answerOf(next, nowMs) };
  }

  /** The same of some subjects, or of all others: what is left out is read past. */
  ofSubjects(
    rank: number,
    cursors: readonly RouteCursor[],
    { nowMs, limit }: ClaimLimits,
    { tags, isOnly }: Choice,
  ): RankFound {
    const { statements } = this.#tables;
    // One more than wanted reveals whether there are more.
    const [byMs, most] = [Math.max(nowMs, NEVER_MS - 1), limit + 1];
    const all = cursors.flatMap(({ route }) => {
      const fetch = (): OperationRow[] => {
        const passed = passedOver(this.#tables, this.#given) ?? '[]';
        const values = [route, rank, byMs, passed, tags, isOnly, most];
        return statements.dueOfSubjects.all(...values) as OperationRow[];
      };
      return takeAll(this.#tables, fetch, [statements.dueSeqs, route, rank, byMs, DAMAGED_AMONG]);
    });
    const sorted = all.toSorted(byDueTime);
    const rows = sorted.filter(({ dueAtMs }) => (dueAtMs ?? NEVER_MS) <= nowMs).slice(0, limit);
    const next = sorted[rows.length];
    const head = next === undefined ? undefined : ([next.dueAtMs ?? NEVER_MS, next.seq] as const);
    return { rows, ...answerOf(head, nowMs) };
  }

  take(route: Uint8Array, rank: number, nowMs: number, limit: number): StoredOperation[] {
    const { statements, unreadable } = this.#tables;
    const fetch = (): OperationRow[] => {
      const passed = passedOver(this.#tables, this.#given);
      const found =
        passed === null
          ? statements.due.all(route, rank, nowMs, limit)
          : statements.dueButSome.all(route, rank, nowMs, passed, limit);
      return found as OperationRow[];
    };
    const most = limit + this.#given.length + unreadable.size;
    return takeAll(this.#tables, fetch, [statements.dueSeqs, route, rank, nowMs, most]);
  }

  /**
   * Numbers of rows by route among the first of all that are due. A route is read further, as far again as it has
   * given, only once its rows are used up.
   */
  #merge(rank: number, cursors: readonly RouteCursor[], { nowMs, limit }: ClaimLimits): Merged {
    const heap = new CursorHeap(cursors);
    const counts = new Map<Uint8Array, number>();
    let taken = 0;
    for (let first = heap.first; first !== undefined; first = heap.first) {
      const { route, head } = first;
      if (taken === limit || head[0] > nowMs) return { counts, taken, next: head };
      taken += 1;
      if (!first.pass()) first.readOn(this.#heads(route, rank, first.passed, first.passed));
      counts.set(route, first.passed);
      heap.firstMoved();
    }
    return { counts, taken, next: undefined };
  }

  /** The first of its rows in the next rank in which it has any that are due, now or later. */
  firstAfter(route: Uint8Array, rank: number): RouteCursor | null {
    const { statements } = this.#tables;
    const passed = passedOver(this.#tables, this.#given);
    const found =
      passed === null
        ? statements.firstDueAfter.get(route, rank)
        : statements.firstDueAfterButSome.get(route, rank, passed);
    if (found === undefined) return null;
    const { urgency, due_at, seq } = found as { urgency: number; due_at: number; seq: number };
    return new RouteCursor(route, urgency, [due_at, seq]);
  }

  #heads(route: Uint8Array, rank: number, limit: number, offset: number): readonly DueHead[] {
    const { statements } = this.#tables;
    const passed = passedOver(this.#tables, this.#given);
    const found =
      passed === null
        ? statements.dueHeads.all(route, rank, limit, offset)
        : statements.dueHeadsButSome.all(route, rank, passed, limit, offset);
    return (found as { due_at: number; seq: number }[]).map(({ due_at, seq }) => [due_at, seq]);
  }
}

function answerOf(
  next: DueHead | undefined,
  nowMs: number,
): { readonly nextDueAtMs: number | null; readonly isMoreDue: boolean } {
  const [dueAtMs] = next ?? [NEVER_MS];
  if (dueAtMs >= NEVER_MS) return { nextDueAtMs: null, isMoreDue: false };
  return { nextDueAtMs: dueAtMs, isMoreDue: dueAtMs <= nowMs };
}

function byDueTime(a: StoredOperation, b: StoredOperation): number {
  return (a.dueAtMs ?? NEVER_MS) - (b.dueAtMs ?? NEVER_MS) || a.seq - b.seq;
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function hexOf(tag: Uint8Array): string {
  return Buffer.from(tag).toString('hex');
}
