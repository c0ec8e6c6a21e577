/**
 * An upstream that keeps records with versions, in memory: it takes a write on the version that it holds, knows its
 * idempotency keys, and can be told to misbehave.
 *
 * @module
 */

import type { Attempt, Handler } from '../../../actors/operation/handler.ts';
import { recordMetaFrom } from '../../../machines/merge/clock/recordMeta.ts';
import {
  conflictFailure,
  transientFailure,
} from '../../../machines/policy/retry/classifyFailure.ts';
import type { Current, RecordMeta } from '../../../machines/vocabulary/record.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

interface Held {
  readonly version: number;
  readonly value: Json;
  readonly meta?: RecordMeta | undefined;
}

/** What became of one write. */
export interface Written {
  readonly key: string;
  readonly operationId: string;
  readonly what: 'taken' | 'refused' | 'repeated';
  readonly payload: Json;
  readonly condition: Attempt['condition'];
}

export class RecordUpstream {
  readonly records = new Map<string, Held>();
  readonly writes: Written[] = [];
  reads = 0;
  /** Whether it carries what travels with a record. */
  keepsMeta = true;
  /** Whether it tells the version that it has given. */
  tellsVersion = true;
  /** Whether it does nothing twice under one key. */
  knowsKeys = true;
  isDown = false;
  /** A defect: it takes a write whatever it holds. */
  ignoresConditions = false;
  /** Called with each write before it is looked at, and after it was taken: what it throws is the answer. */
  beforeWrite: (attempt: Attempt) => Promise<void> | void = () => undefined;
  afterWrite: (attempt: Attempt) => Promise<void> | void = () => undefined;
  beforeRead: (attempt: Attempt) => Promise<void> | void = () => undefined;
  /** Called with each read that has looked, and has not answered. */
  afterRead: (attempt: Attempt) => Promise<void> | void = () => undefined;
  readonly #taken = new Map<string, Held>();

  /** Somebody else writes. */
  put(id: string, value: Json, meta?: RecordMeta): void {
    const version = (this.records.get(id)?.version ?? 0) + 1;
    this.records.set(id, { version, value, meta });
  }

  remove(id: string): void {
    this.records.delete(id);
  }

  value(id: string): Json | undefined {
    return this.records.get(id)?.value;
  }

  /** How often it took a write of each operation. */
  takenOf(operationId: string): number {
    return this.writes.filter((one) => one.operationId === operationId && one.what === 'taken')
      .length;
  }

  handler(conflicts: Exclude<Handler['conflicts'], true> = {}, upstream = 'default'): Handler {
    return {
      upstream,
      run: (attempt) => this.#write(attempt),
      conflicts: { fetchCurrent: (attempt) => this.#read(attempt), ...conflicts },
    };
  }

  async #read(attempt: Attempt): Promise<Current | null> {
    this.reads += 1;
    await this.beforeRead(attempt);
    if (this.isDown) throw transientFailure('It is down.', { notApplied: true });
    const held = this.records.get(attempt.entity?.id ?? '');
    await this.afterRead(attempt);
    if (held === undefined) return null;
    return {
      version: `"${held.version}"`,
      value: held.value,
      ...(held.meta === undefined ? {} : { meta: held.meta }),
    };
  }

  async #write(attempt: Attempt): Promise<Json> {
    await this.beforeWrite(attempt);
    if (this.isDown) throw transientFailure('It is down.', { notApplied: true });
    const { idempotencyKey: key, operationId, payload, condition } = attempt;
    const id = attempt.entity?.id ?? '';
    const note = (what: Written['what']): void => {
      this.writes.push({ key, operationId, what, payload, condition });
    };
    const before = this.knowsKeys ? this.#taken.get(key) : undefined;
    if (before !== undefined) {
      note('repeated');
      this.#tell(attempt, before);
      return null;
    }
    const held = this.records.get(id);
    if (!this.ignoresConditions && !isMet(condition, held)) {
      note('refused');
      throw conflictFailure('It holds another version.', { status: 412 });
    }
    const next: Held = {
      version: (held?.version ?? 0) + 1,
      value: payload,
      ...(this.keepsMeta ? { meta: recordMetaFrom(attempt.meta) ?? undefined } : {}),
    };
    this.records.set(id, next);
    this.#taken.set(key, next);
    note('taken');
    await this.afterWrite(attempt);
    this.#tell(attempt, next);
    return null;
  }

  #tell(attempt: Attempt, { version }: Held): void {
    if (this.tellsVersion) attempt.keepCurrent({ version: `"${version}"` });
  }
}

function isMet(condition: Attempt['condition'], held: Held | undefined): boolean {
  if (condition === undefined) return true;
  if ('absent' in condition) return held === undefined;
  return held !== undefined && condition.version === `"${held.version}"`;
}
