/**
 * The quarantine: records that could not be opened or read, set aside whole so that the others go on
 * (PS-3). Each can be looked at, tried again, exported as it lies on disk, or purged.
 *
 * @module
 */

import { decodeSnapshot, headOfSnapshot } from '../../actors/charts/snapshots.ts';
import type { ServiceAccess } from '../../actors/recovery/serviceAccess.ts';
import { syncOperationMachine } from '../../machines/operation/syncOperationMachine.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { checkFields, checkId, requireOption } from '../../machines/vocabulary/optionFields.ts';
import type { QuarantinedRecord, SealedRecord, Standing } from '../../persistence/port/store.ts';

/** A record that was set aside, as it is listed: nothing of what it holds, but for where it stood. */
export interface Quarantined {
  readonly id: string;
  /** Why it was set aside. */
  readonly code: ErrorCode;
  /** `null` where that was not noted. */
  readonly setAsideAtMs: number | null;
  /** Where it stood: `due`, `inHand`, …; `null` where that is not known. */
  readonly stood: Standing | null;
  /** Why it can't be opened now; `null` when its seals open. */
  readonly opensNot: ErrorCode | null;
  /** What wrote its state and which one it is, where its seals open. */
  readonly snapshot: {
    readonly machine: string;
    readonly version: string;
    readonly state: string;
  } | null;
}

export interface QuarantinePage {
  readonly records: readonly Quarantined[];
  /** Where the next page begins; `null` after the last. */
  readonly nextSeq: number | null;
}

export interface SealedPage {
  readonly records: readonly SealedRecord[];
  readonly nextSeq: number | null;
}

/** The calls that carry everything else; a running process answers them over its control socket. */
export interface QuarantineCalls {
  page(query: { readonly fromSeq: number }): Promise<QuarantinePage>;
  sealed(query: { readonly fromSeq: number }): Promise<SealedPage>;
  show(id: string): Promise<Quarantined>;
  retry(id: string): Promise<void>;
  purge(id: string): Promise<void>;
}

/** What a runtime offers. */
export interface Quarantine {
  /** In order of acceptance. Reads a page at a time. */
  list(): AsyncIterable<Quarantined>;
  /** @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_QUARANTINED`. */
  show(id: string): Promise<Quarantined>;
  /**
   * Puts it back where it stood, with its lane and idempotency key, if it opens and can be read now.
   * Where others are in its lane meanwhile it goes to the tail. It stays set aside otherwise.
   *
   * @throws HoldfastError why it can't be put back: `HF_RECORD_…`, `HF_KEY_…`, or
   * `HF_IDEMPOTENCY_CONFLICT` when its key has been given to another operation meanwhile.
   */
  retry(id: string): Promise<void>;
  /** Each record as it lies on disk: sealed, its bytes in base64. Nothing is opened. */
  export(): AsyncIterable<SealedRecord>;
  /** Forgets it for good. @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_QUARANTINED`. */
  purge(id: string): Promise<void>;
}

const PAGE_ROWS = 128;
/** Each may carry a large payload. */
const SEALED_ROWS = 16;

export function quarantineCalls(access: ServiceAccess): QuarantineCalls {
  return new Calls(access);
}

/** What a runtime offers, and the command line uses, made of the calls. */
export function quarantine(calls: QuarantineCalls): Quarantine {
  return {
    list: () => pages((fromSeq) => calls.page({ fromSeq })),
    export: () => pages((fromSeq) => calls.sealed({ fromSeq })),
    show: (id) => calls.show(id),
    retry: (id) => calls.retry(id),
    purge: (id) => calls.purge(id),
  };
}

async function* pages<One>(
  read: (
    fromSeq: number,
  ) => Promise<{ readonly records: readonly One[]; readonly nextSeq: number | null }>,
): AsyncGenerator<One> {
  let fromSeq = 0;
  for (;;) {
    const { records, nextSeq } = await read(fromSeq);
    yield* records;
    if (nextSeq === null) return;
    fromSeq = nextSeq;
  }
}

class Calls implements QuarantineCalls {
  readonly #access: ServiceAccess;

  constructor(access: ServiceAccess) {
    this.#access = access;
  }

  async page(from: { readonly fromSeq: number }): Promise<QuarantinePage> {
    const query = { afterSeq: checkedSeq(from), limit: PAGE_ROWS };
    const rows = await this.#access.store.quarantine(query);
    return { records: rows.map(recordOf), nextSeq: nextSeqOf(rows, PAGE_ROWS) };
  }

  async sealed(from: { readonly fromSeq: number }): Promise<SealedPage> {
    const query = { afterSeq: checkedSeq(from), limit: SEALED_ROWS };
    const records = await this.#access.store.sealedQuarantine(query);
    return { records, nextSeq: nextSeqOf(records, SEALED_ROWS) };
  }

  async show(id: string): Promise<Quarantined> {
    return recordOf(await this.#find(id));
  }

  async retry(id: string): Promise<void> {
    const record = await this.#find(id);
    if (record.state === null) throw stillSealed(codeOf(record.opensNot));
    // A seal that opens is not enough: the engine must be able to read what is in it.
    decodeSnapshot(syncOperationMachine, record.state);
    const { store } = this.#access;
    const [result] = await this.#access.commit([
      () => ({
        kind: 'release',
        seq: record.seq,
        id: record.id,
        revision: record.revision,
        toSeq: store.nextSeq(),
      }),
    ]);
    if (result?.kind === 'notReleased') throw stillSealed(codeOf(result.code));
    if (result?.kind !== 'released') throw notQuarantined();
    await this.#access.leftQuarantine(result.operation);
  }

  async purge(id: string): Promise<void> {
    const { seq, revision } = await this.#find(id);
    const [result] = await this.#access.commit([() => ({ kind: 'purge', seq, id, revision })]);
    if (result?.kind !== 'purged') throw notQuarantined();
    await this.#access.leftQuarantine(null);
  }

  async #find(id: string): Promise<QuarantinedRecord> {
    checkId(id);
    const { store } = this.#access;
    const row = await store.find(id);
    if (row === null) throw unknown();
    const [record] = await store.quarantine({ afterSeq: row.seq - 1, limit: 1 });
    if (record?.seq !== row.seq) throw notQuarantined();
    return record;
  }
}

function recordOf(record: QuarantinedRecord): Quarantined {
  return {
    id: record.id,
    code: codeOf(record.code),
    setAsideAtMs: record.setAsideAtMs,
    stood: record.stood,
    opensNot: record.opensNot === null ? null : codeOf(record.opensNot),
    snapshot: record.state === null ? null : headOfSnapshot(record.state),
  };
}

/** The store notes codes as text; each was the code of an error. */
function codeOf(code: string | null): ErrorCode {
  return (code ?? 'HF_RECORD_TAMPERED') as ErrorCode;
}

function nextSeqOf(rows: readonly { readonly seq: number }[], limit: number): number | null {
  return rows.length < limit ? null : (rows.at(-1)?.seq ?? null);
}

function checkedSeq(from: { readonly fromSeq: number }): number {
  checkFields(from, { fromSeq: 'sequence' }, '');
  requireOption('fromSeq' in from, 'fromSeq', 'is missing; give 0 for the first page');
  return from.fromSeq;
}

function stillSealed(code: ErrorCode): HoldfastError {
  const why: Partial<Record<ErrorCode, string>> = {
    HF_IDEMPOTENCY_CONFLICT:
      'Its idempotency key has been given to another operation since. Purge it once you have seen that the other does its work.',
    HF_KEY_UNKNOWN: 'It is sealed under a key that is not in the keyring. Put that back first.',
    HF_KEY_WRONG: 'It is sealed under another key. Put that back first.',
    HF_RECORD_TAMPERED:
      'It was changed on disk. Restore it from a backup, or export it and purge it.',
  };
  const what = why[code] ?? 'It can not be opened. Export it, or purge it.';
  return new HoldfastError(code, `The record stays set aside. ${what}`, { field: 'id' });
}

function unknown(): HoldfastError {
  return new HoldfastError(
    'HF_OPERATION_UNKNOWN',
    'There is no operation of that id in the store; it may have been purged.',
    { field: 'id' },
  );
}

function notQuarantined(): HoldfastError {
  return new HoldfastError(
    'HF_NOT_QUARANTINED',
    'The record of that id is not set aside, or no longer. Nothing was changed.',
    { field: 'id' },
  );
}
