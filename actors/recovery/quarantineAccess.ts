/**
 * The quarantine as management reaches it, on a running engine or on a store at rest: records that
 * could not be opened or read, which can be tried again, exported as they lie on disk, or forgotten.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { QuarantinedRecord, SealedRecord } from '../../persistence/port/store.ts';
import { headOfSnapshot } from '../charts/snapshots.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { operationUnknown } from '../operation/outcome.ts';
import type { ServiceAccess } from './serviceAccess.ts';

/** A quarantined record, with nothing of what it holds but which chart and state wrote it. */
export interface QuarantineRecord extends Omit<QuarantinedRecord, 'state'> {
  /** What wrote its state and which one it is, where its seals open. */
  readonly snapshot: {
    readonly machine: string;
    readonly version: string;
    readonly state: string;
  } | null;
}

/** Reads and changes the quarantine. Each change is durable when its promise resolves. */
export interface QuarantineAccess {
  /** The next `limit` records accepted after `afterSeq`. */
  page(query: {
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly QuarantineRecord[]>;
  /** The same as they lie on disk. */
  sealed(query: {
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly SealedRecord[]>;
  /** @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_QUARANTINED`. */
  find(id: string): Promise<QuarantineRecord>;
  /**
   * Puts it back where it stood, if it opens and can be read now: `released`; `notReleased` with the
   * code of why not; `changed` where it is not in the quarantine any more.
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_QUARANTINED`; `HF_RECORD_…` where it opens
   * and can't be read.
   */
  reinstate(
    id: string,
  ): Promise<
    | { readonly kind: 'reinstated' | 'changed' }
    | { readonly kind: 'notReinstated'; readonly code: string }
  >;
  /** Forgets it for good; `false` where it is not in the quarantine any more. */
  purge(record: Pick<QuarantineRecord, 'seq' | 'id' | 'revision'>): Promise<boolean>;
}

/** What is said of a record that can't be opened for a reason that was not noted. */
const TAMPERED = 'HF_RECORD_TAMPERED';

export function quarantineAccess(access: ServiceAccess): QuarantineAccess {
  const { store } = access;
  const find = async (id: string): Promise<QuarantinedRecord> => {
    const row = await store.find(id);
    if (row === null) throw operationUnknown();
    const [record] = await store.quarantine({ afterSeq: row.seq - 1, limit: 1 });
    if (record?.seq !== row.seq) throw notQuarantined();
    return record;
  };
  return {
    page: async (query) => (await store.beside.quarantine(query)).map(recordOf),
    sealed: (query) => store.beside.sealedQuarantine(query),
    find: async (id) => recordOf(await find(id)),
    async reinstate(id) {
      const { seq, revision, state, stood, opensNot } = await find(id);
      if (state === null) return { kind: 'notReinstated', code: opensNot ?? TAMPERED };
      // A seal that opens is not enough: the engine must be able to read what is in it.
      decodeWork({ state, standing: stood ?? 'quarantined' });
      const [result] = await access.commit([
        () => ({
          ...{ kind: 'reinstate', seq, id, revision, toSeq: store.nextSeq() },
          audit: access.notes.of({ act: 'operation.reinstated', operationId: id }),
        }),
      ]);
      if (result?.kind === 'notReinstated') return { kind: 'notReinstated', code: result.code };
      if (result?.kind !== 'reinstated') return { kind: 'changed' };
      await access.leftQuarantine(id, result.operation);
      return { kind: 'reinstated' };
    },
    async purge({ seq, id, revision }) {
      const [result] = await access.commit([
        () => ({
          ...{ kind: 'purge', seq, id, revision },
          audit: access.notes.of({ act: 'operation.purged', operationId: id }),
        }),
      ]);
      if (result?.kind !== 'purged') return false;
      await access.leftQuarantine(id, null);
      return true;
    },
  };
}

function recordOf({ state, ...record }: QuarantinedRecord): QuarantineRecord {
  return { ...record, snapshot: state === null ? null : headOfSnapshot(state) };
}

function notQuarantined(): HoldfastError {
  return new HoldfastError(
    'HF_NOT_QUARANTINED',
    'The record of that id is not set aside, or no longer. Nothing was changed.',
    { field: 'id' },
  );
}
