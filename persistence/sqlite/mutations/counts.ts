/**
 * Changes of the file's counts (docs/decisions/0276): each change of a row is added up here, and the sums are written
 * once in its transaction, before the commit and before a count is read. A row of each table is written for a hundred
 * operations, where a trigger would have written one for each.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import {
  STANDING_CODES,
  TALLIED_WAITS_FROM,
  WAITS_FOR_CODES,
  type WaitingRow,
} from '../schema/schema.ts';
import type { OperationColumns } from '../seals/rowSeals.ts';

/** The columns by which an operation is counted. */
export type CountedColumns = Pick<OperationColumns, 'standing' | 'waits_for' | 'route' | 'urgency'>;

/** The statements that change counts, prepared. */
export interface CountStatements {
  readonly addToCount: Database.Statement;
  readonly addToWaiting: Database.Statement;
  readonly takeFromWaiting: Database.Statement;
  readonly noneWaits: Database.Statement;
}

/** Kinds of the tally lie below. */
const KINDS = 16;
const STANDINGS = Object.keys(STANDING_CODES).length;

export class CountChanges {
  readonly #statements: CountStatements;
  /** By the kind of the tally. */
  #kinds = new Int32Array(KINDS);
  #waiting = new Map<string, WaitingRow>();
  #isEmpty = true;

  constructor(statements: CountStatements) {
    this.#statements = statements;
  }

  added(row: CountedColumns): void {
    this.#add(row, 1);
  }

  removed(row: CountedColumns): void {
    this.#add(row, -1);
  }

  moved(before: CountedColumns, after: CountedColumns): void {
    this.#add(before, -1);
    this.#add(after, 1);
  }

  /** Writes the sums. One that was written is not written again, also where a later one fails. */
  write(): void {
    if (this.#isEmpty) return;
    const { addToCount, addToWaiting, takeFromWaiting, noneWaits } = this.#statements;
    for (const [kind, change] of this.#kinds.entries()) {
      if (change === 0) continue;
      addToCount.run(change, kind);
      this.#kinds[kind] = 0;
    }
    for (const [key, { route, urgency, waits_for, operations }] of this.#waiting) {
      if (operations > 0) {
        addToWaiting.run(route, urgency, waits_for, operations);
      } else if (operations < 0) {
        takeFromWaiting.run(-operations, route, urgency, waits_for);
        noneWaits.run(route, urgency, waits_for);
      }
      this.#waiting.delete(key);
    }
    this.#isEmpty = true;
  }

  /** Forgets the sums of a transaction that came to nothing. */
  forget(): void {
    if (this.#isEmpty) return;
    this.#kinds.fill(0);
    this.#waiting.clear();
    this.#isEmpty = true;
  }

  /** Returns what takes the sums back to those of now, for a part of a transaction that may be undone. */
  mark(): () => void {
    const [kinds, waiting, isEmpty] = [this.#kinds.slice(), new Map(this.#waiting), this.#isEmpty];
    return () => {
      this.#kinds = kinds;
      this.#waiting = waiting;
      this.#isEmpty = isEmpty;
    };
  }

  #add({ standing, waits_for, route, urgency }: CountedColumns, change: number): void {
    this.#isEmpty = false;
    // A number out of range was edited in the file, and has no count.
    if (standing >= 0 && standing < STANDINGS) this.#addTo(standing, change);
    if (waits_for >= WAITS_FOR_CODES.handler) this.#addTo(TALLIED_WAITS_FROM + waits_for, change);
    if (standing !== STANDING_CODES.due && standing !== STANDING_CODES.held) return;
    const tag = Buffer.from(route.buffer, route.byteOffset, route.length).toString('latin1');
    const key = `${urgency} ${waits_for} ${tag}`;
    const operations = (this.#waiting.get(key)?.operations ?? 0) + change;
    this.#waiting.set(key, { route, urgency, waits_for, operations });
  }

  #addTo(kind: number, change: number): void {
    if (kind < KINDS) this.#kinds[kind] = (this.#kinds[kind] ?? 0) + change;
  }
}
