/**
 * What is due, as it is handed out: most urgent first over all the routes that a queue asks for. A route
 * costs a seek in the index, and one more for each rank in which it has rows, whatever their number.
 *
 * @module
 */

import type { Query } from '../../port/questions.ts';
import type { Claim, PassOver, StoredOperation } from '../../port/store.ts';
import { NEVER_MS } from '../../port/store.ts';
import type { OperationRow } from '../seals/rowSeals.ts';
import type { Tables } from './tables.ts';
import { takeAll } from './unreadableRows.ts';

/** See {@link Store.claim}. */
export function claim(tables: Tables, query: Query<'claim'>): Claim {
  const { urgencyMin = 0, urgencyMax, limit } = query;
  const due = new DueReads(tables, query.passOver);
  const rows: StoredOperation[] = [];
  let nextDueAtMs: number | null = null;
  for (const [rank, routes] of routesByRank(tables, query.routes, { urgencyMin, urgencyMax })) {
    const found = due.inRank(routes, rank, query.nowMs, limit - rows.length);
    rows.push(...found.rows);
    nextDueAtMs = earlier(nextDueAtMs, found.nextDueAtMs);
  }
  return { rows, nextDueAtMs };
}

/** See {@link Store.strays}. Routes and urgencies are few, and each is one seek in the index. */
export function strays(tables: Tables, query: Query<'strays'>): StoredOperation[] {
  const { statements, seals } = tables;
  const { routes, limit } = query;
  const due = new DueReads(tables, query.passOver);
  const claimed = new Set(routes.map((name) => hexOf(seals.routeTag(name))));
  const rows: StoredOperation[] = [];
  let route = statements.nextDueRoute.get(Buffer.alloc(0)) as Uint8Array | undefined;
  while (route !== undefined && rows.length < limit) {
    if (!claimed.has(hexOf(route))) rows.push(...straysOf(tables, due, route, limit - rows.length));
    route = statements.nextDueRoute.get(route) as Uint8Array | undefined;
  }
  return rows;
}

function straysOf(
  tables: Tables,
  due: DueReads,
  route: Uint8Array,
  limit: number,
): StoredOperation[] {
  const rows: StoredOperation[] = [];
  let rank = nextRank(tables, route, -1);
  while (rank !== undefined && rows.length < limit) {
    rows.push(...due.take(route, rank, NEVER_MS - 1, limit - rows.length));
    rank = nextRank(tables, route, rank);
  }
  return rows;
}

/** What is passed over, as the questions take it: what was given, and what can't be read. */
export function passedOver({ unreadable }: Tables, given: PassOver = []): string | null {
  const isNothing = given.length === 0 && unreadable.size === 0;
  return isNothing ? null : JSON.stringify([...given, ...unreadable]);
}

/** The routes that have rows due, now or later, by the ranks in which they have them; in order. */
function* routesByRank(
  tables: Tables,
  names: readonly string[],
  { urgencyMin, urgencyMax }: { readonly urgencyMin: number; readonly urgencyMax: number },
): Generator<[rank: number, routes: readonly Uint8Array[]]> {
  let waiting = [...new Set(names)].map((name) => {
    const route = tables.seals.routeTag(name);
    return { route, rank: nextRank(tables, route, urgencyMin - 1) ?? Number.POSITIVE_INFINITY };
  });
  for (;;) {
    waiting = waiting.filter(({ rank }) => rank <= urgencyMax);
    if (waiting.length === 0) return;
    const first = waiting.reduce((least, { rank }) => Math.min(least, rank), urgencyMax);
    const here = waiting.filter(({ rank }) => rank === first);
    yield [first, here.map(({ route }) => route)];
    for (const each of here) each.rank = nextRank(tables, each.route, first) ?? Infinity;
  }
}

function nextRank({ statements }: Tables, route: Uint8Array, after: number): number | undefined {
  return statements.nextDueUrgency.get(route, after) as number | undefined;
}

/** The order within a rank. */
type DueHead = readonly [dueAtMs: number, seq: number];

class DueReads {
  readonly #tables: Tables;
  /** Mostly there is nothing to pass over, and then nothing is paid for it. */
  readonly #given: PassOver;

  constructor(tables: Tables, given: PassOver = []) {
    this.#tables = tables;
    this.#given = given;
  }

  /** What is due of one rank in these routes, and when the next of what is not taken is. */
  inRank(routes: readonly Uint8Array[], rank: number, nowMs: number, limit: number): Claim {
    const [only] = routes;
    if (only !== undefined && routes.length === 1) {
      const rows = limit > 0 ? this.take(only, rank, nowMs, limit) : [];
      return { rows, nextDueAtMs: this.#nextDueAt(only, rank, rows.length) };
    }
    for (;;) {
      const { counts, taken, nextDueAtMs } = this.#merge(routes, rank, nowMs, limit);
      const rows = [...counts].flatMap(([route, count]) => this.take(route, rank, nowMs, count));
      // One of them was quarantined or can't be read: others have its place.
      if (rows.length < taken) continue;
      return { rows: rows.toSorted(byDueTime), nextDueAtMs };
    }
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

  #nextDueAt(route: Uint8Array, rank: number, offset: number): number | null {
    const { statements } = this.#tables;
    const passed = passedOver(this.#tables, this.#given);
    const next =
      passed === null
        ? statements.nextDueAt.get(route, rank, offset)
        : statements.nextDueAtButSome.get(route, rank, passed, offset);
    return (next as number | undefined) ?? null;
  }

  /**
   * How many of the rows of each route are among the first `limit` of all that are due by then. A route
   * is read on, as far again as it has given, only once what was read of it is used up.
   */
  #merge(
    routes: readonly Uint8Array[],
    rank: number,
    nowMs: number,
    limit: number,
  ): {
    readonly counts: ReadonlyMap<Uint8Array, number>;
    readonly taken: number;
    readonly nextDueAtMs: number | null;
  } {
    const heap = new HeadHeap();
    for (const route of routes) heap.push({ route, heads: this.#heads(route, rank, 1, 0), at: 0 });
    const counts = new Map<Uint8Array, number>();
    let taken = 0;
    for (let first = heap.first; first !== undefined; first = heap.first) {
      const [dueAtMs] = headOf(first);
      if (taken === limit || dueAtMs > nowMs) {
        return { counts, taken, nextDueAtMs: dueAtMs < NEVER_MS ? dueAtMs : null };
      }
      taken += 1;
      const { route } = first;
      const count = (counts.get(route) ?? 0) + 1;
      counts.set(route, count);
      first.at += 1;
      if (first.at === first.heads.length) {
        first.heads = this.#heads(route, rank, count, count);
        first.at = 0;
      }
      heap.sink();
    }
    return { counts, taken, nextDueAtMs: null };
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

/** A route as far as it is read in a merge. */
interface Cursor {
  readonly route: Uint8Array;
  heads: readonly DueHead[];
  /** Which of `heads` comes next. */
  at: number;
}

/** The cursors of a merge, the one whose next row is due first at the top; those at their end leave. */
class HeadHeap {
  readonly #cursors: Cursor[] = [];

  get first(): Cursor | undefined {
    return this.#cursors[0];
  }

  push(cursor: Cursor): void {
    if (cursor.heads.length === 0) return;
    const cursors = this.#cursors;
    let at = cursors.push(cursor) - 1;
    for (;;) {
      const above = (at - 1) >> 1;
      const parent = cursors[above];
      if (parent === undefined || isBefore(parent, cursor)) break;
      cursors[at] = parent;
      cursors[above] = cursor;
      at = above;
    }
  }

  /** The first has moved on: puts it where it belongs now. */
  sink(): void {
    const cursors = this.#cursors;
    const moved = cursors[0];
    if (moved === undefined) return;
    if (moved.at === moved.heads.length) {
      const last = cursors.pop();
      if (last === undefined || last === moved) return;
      cursors[0] = last;
    }
    let at = 0;
    for (;;) {
      const here = cursors[at];
      const below = this.#lesser(2 * at + 1, 2 * at + 2);
      const child = cursors[below];
      if (here === undefined || child === undefined || isBefore(here, child)) return;
      cursors[at] = child;
      cursors[below] = here;
      at = below;
    }
  }

  #lesser(left: number, right: number): number {
    const [a, b] = [this.#cursors[left], this.#cursors[right]];
    return a !== undefined && b !== undefined && isBefore(b, a) ? right : left;
  }
}

function headOf({ heads, at }: Cursor): DueHead {
  // Only cursors that have a next row are kept.
  return heads[at] as DueHead;
}

function isBefore(a: Cursor, b: Cursor): boolean {
  const [aDue, aSeq] = headOf(a);
  const [bDue, bSeq] = headOf(b);
  return aDue < bDue || (aDue === bDue && aSeq < bSeq);
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
