/**
 * What this store knows of the records of an app, as its parts read and change them: one change of a record after
 * the other, each on disk before the next is made (CF-1).
 *
 * @module
 */

import {
  decodeEntityRecord,
  type EntityRecord,
  encodeEntityRecord,
} from '../../machines/conflict/entityRecord.ts';
import type { Onlooker } from '../../machines/conflict/remembered.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { KeptRecords } from '../journal/keptRecords.ts';

/** Told of questions that come and go with a record. */
export interface QuestionsHeard {
  /** Before the record is on disk. */
  came(before: EntityRecord | null, after: EntityRecord): Promise<void>;
  /** Once it is. */
  went(before: EntityRecord | null, after: EntityRecord): Promise<void>;
}

export interface EntityRecordsParts {
  readonly kept: KeptRecords;
  /** A record can't be read: it is taken for one that is not known, and fetched (PS-3). */
  readonly onError: (error: unknown) => void;
  readonly questions: QuestionsHeard;
  /** Told of each record that is another by now, by its key. */
  readonly onChanged: (key: string) => void;
}

/** What is known of a record, and at which revision that is kept. */
export interface KeptRecord {
  readonly record: EntityRecord | null;
  /** 0 where nothing is kept that could be read. */
  readonly revision: number;
}

/** Times that a change is made again on what another has written meanwhile, which nobody does for long. */
const REPEATS_MAX = 8;

export class EntityRecords {
  readonly #parts: EntityRecordsParts;
  /** What is to be over before a record is read next; by its key, only while something is under way. */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(parts: EntityRecordsParts) {
    this.#parts = parts;
  }

  /** What is known of it, once the changes asked for before are made; `null` for nothing. */
  async read(entity: Entity): Promise<EntityRecord | null> {
    return (await this.kept(entity)).record;
  }

  /** Reads a record as {@link read} does, with its revision: the same where nothing was changed. */
  async kept(entity: Entity): Promise<KeptRecord> {
    const key = keyOf(entity);
    return await this.#inTurn(key, async () => await this.#read(key));
  }

  /**
   * Changes what is known of a record, and resolves with that once it is on disk. `change` may be called again,
   * where another has written it; where it gives back what it was given, nothing is written. It is kept from `nowMs`
   * for as long as a device may be silent.
   *
   * @param prepare what has to be done before; who reads the record waits for that, too
   * @throws HoldfastError `HF_STORE_…`, also where the store is well and refuses it.
   */
  async update(
    entity: Entity,
    { nowMs, silentMaxMs }: Pick<Onlooker, 'nowMs' | 'silentMaxMs'>,
    change: (record: EntityRecord | null) => EntityRecord,
    prepare?: () => Promise<void>,
  ): Promise<EntityRecord> {
    const key = keyOf(entity);
    return await this.#inTurn(key, async () => {
      await prepare?.();
      for (let repeats = 0; repeats < REPEATS_MAX; repeats += 1) {
        const { record, revision } = await this.#read(key);
        const next = change(record);
        if (next === record) return record;
        if (next.asks !== record?.asks) await this.#parts.questions.came(record, next);
        const text = encodeEntityRecord(next);
        const { subject } = next;
        const keepUntilMs = nowMs + silentMaxMs;
        const [result] = await this.#parts.kept.commit([
          { kind: 'keep', room: 'entity', key, subject, text, keepUntilMs, revision },
        ]);
        if (result?.kind !== 'kept') continue;
        this.#parts.onChanged(key);
        await this.#parts.questions.went(record, next);
        return next;
      }
      throw new HoldfastError(
        'HF_INTERNAL',
        'What is known of a record was changed by others each time it was to be kept. Please report this defect.',
      );
    });
  }

  /**
   * Erases what is known of a record, once the changes asked for before are made. Resolves once that is on disk with
   * whether there was anything.
   *
   * @param check throws where it is not to be erased
   */
  async forget(entity: Entity, check: () => Promise<void>): Promise<boolean> {
    const key = keyOf(entity);
    const { kept } = this.#parts;
    return await this.#inTurn(key, async () => {
      await check();
      if ((await kept.find({ room: 'entity', key })) === null) return false;
      await kept.commit([{ kind: 'keep', room: 'entity', key, text: null }]);
      this.#parts.onChanged(key);
      return true;
    });
  }

  async #read(key: string): Promise<KeptRecord> {
    const kept = await this.#parts.kept.find({ room: 'entity', key });
    if (kept === null) return { record: null, revision: 0 };
    if ('unreadable' in kept) {
      this.#parts.onError(recordUnreadable());
      return { record: null, revision: 0 };
    }
    const record = decodeEntityRecord(kept.text);
    if (record === null) this.#parts.onError(recordUnreadable());
    return { record, revision: kept.revision };
  }

  async #inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(key);
    const acting = before === undefined ? act() : before.then(act, act);
    this.#busy.set(key, acting);
    try {
      return await acting;
    } finally {
      if (this.#busy.get(key) === acting) this.#busy.delete(key);
    }
  }
}

function keyOf(entity: Entity): string {
  return entityKey(entity) ?? '';
}

function recordUnreadable(): HoldfastError {
  return new HoldfastError(
    'HF_RECORD_MALFORMED',
    'What was known of a record can not be read. It is fetched from its upstream anew; nothing else waits for that.',
    { withStack: false },
  );
}
