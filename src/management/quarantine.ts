/**
 * Management calls about the quarantine, and how a runtime offers it: records that could not be opened or read (PS-3).
 *
 * @module
 */

import type { QuarantineRecord } from '../../actors/port.ts';
import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { SealedRecord, Standing } from '../../persistence/port/store.ts';
import {
  BY_PERSON,
  type Caller,
  ID,
  type Ordered,
  ofOperation,
  PAGE_FROM,
  storeCall,
} from './managementCall.ts';

const QUARANTINED_SHOWN = {
  fields: {
    id: 'plain',
    code: 'plain',
    setAsideAtMs: 'plain',
    stood: 'plain',
    opensNot: 'plain',
    snapshot: { fields: { machine: 'plain', version: 'plain', state: 'plain' } },
  },
} as const satisfies AnswerShape<Quarantined>;

/** The quarantine of a runtime. */
export interface Quarantine {
  /**
   * Lists the records in order of acceptance. Reads a page at a time.
   *
   * @example
   * for await (const { id, code } of runtime.quarantine.list()) console.log(id, code);
   */
  list(): AsyncIterable<Quarantined>;
  /** @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_QUARANTINED`. */
  show(id: string): Promise<Quarantined>;
  /**
   * Puts a record back in its place, with its lane and idempotency key, if it can be opened and read now; behind
   * others that are in its lane meanwhile. Otherwise it stays quarantined.
   *
   * @throws HoldfastError why it can't be put back: `HF_RECORD_…`, `HF_KEY_…`, or
   * `HF_IDEMPOTENCY_CONFLICT` when its key has been given to another operation meanwhile.
   */
  retry(id: string): Promise<void>;
  /** Exports each record as it is on disk: sealed, its bytes in base64. Nothing is opened. */
  export(): AsyncIterable<SealedRecord>;
  /** Forgets a record for good. @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_QUARANTINED`. */
  purge(id: string): Promise<void>;
}

/** The quarantine through the calls of `caller`. */
export function quarantine(caller: Caller): Quarantine {
  return {
    list: () => pages((fromSeq) => caller.call(pageOfQuarantine, { fromSeq })),
    export: () => pages((fromSeq) => caller.call(pageOfSealed, { fromSeq })),
    show: (id) => caller.call(showQuarantined, { id }),
    retry: (id) => caller.call(retryQuarantined, { id }),
    purge: (id) => caller.call(purgeQuarantined, { id }),
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

/** A quarantined record as listed, without its content. */
export interface Quarantined {
  readonly id: string;
  /** Why it was quarantined. */
  readonly code: ErrorCode;
  /** When it was quarantined; `null` where that was not noted. */
  readonly setAsideAtMs: number | null;
  /** The standing before quarantine: `due`, `inHand`, …; `null` if unknown. */
  readonly stood: Standing | null;
  /** Why it can't be opened now; `null` when its seals open. */
  readonly opensNot: ErrorCode | null;
  /** The state, and the chart that wrote it, where the record can be opened. */
  readonly snapshot: {
    readonly machine: string;
    readonly version: string;
    readonly state: string;
  } | null;
}

function quarantinedOf(record: QuarantineRecord): Quarantined {
  return {
    id: record.id,
    code: codeOf(record.code),
    setAsideAtMs: record.setAsideAtMs,
    stood: record.stood,
    opensNot: record.opensNot === null ? null : codeOf(record.opensNot),
    snapshot: record.snapshot,
  };
}

/** The store notes codes as text; each was the code of an error. */
function codeOf(code: string | null): ErrorCode {
  return (code ?? 'HF_RECORD_TAMPERED') as ErrorCode;
}

/** The begin of the page after these rows; `null` where they were the last. */
function nextSeqOf(rows: readonly { readonly seq: number }[], limit: number): number | null {
  return rows.length < limit ? null : (rows.at(-1)?.seq ?? null);
}

function notQuarantined(): HoldfastError {
  return new HoldfastError(
    'HF_NOT_QUARANTINED',
    'The record of that id is not quarantined, or no longer. Nothing was changed.',
    { field: 'id' },
  );
}

interface QuarantinePage {
  readonly records: readonly Quarantined[];
  /** Where the next page begins; `null` after the last. */
  readonly nextSeq: number | null;
}

const PAGE_ROWS = 128;

export const pageOfQuarantine = storeCall<{ readonly fromSeq: number }, QuarantinePage>({
  name: 'quarantine.page',
  summary: 'A page of quarantined records, each with its reason.',
  capability: 'view',
  params: { fromSeq: PAGE_FROM },
  override: null,
  shown: {
    params: ['fromSeq'],
    answer: {
      fields: { records: { each: QUARANTINED_SHOWN }, nextSeq: 'plain' },
    },
  },
  async run({ records }, { fromSeq }) {
    const rows = await records.quarantine.page({ afterSeq: fromSeq, limit: PAGE_ROWS });
    return { records: rows.map(quarantinedOf), nextSeq: nextSeqOf(rows, PAGE_ROWS) };
  },
});

interface SealedPage {
  readonly records: readonly SealedRecord[];
  /** Where the next page begins; `null` after the last. */
  readonly nextSeq: number | null;
}

/** The records of a page; each may carry a large payload. */
const SEALED_ROWS = 16;

export const pageOfSealed = storeCall<{ readonly fromSeq: number }, SealedPage>({
  name: 'quarantine.sealed',
  summary: 'A page of quarantined records as they are on disk, sealed.',
  capability: 'export',
  params: { fromSeq: PAGE_FROM },
  override: null,
  async run({ records }, { fromSeq }) {
    const sealed = await records.quarantine.sealed({ afterSeq: fromSeq, limit: SEALED_ROWS });
    return { records: sealed, nextSeq: nextSeqOf(sealed, SEALED_ROWS) };
  },
});

export const showQuarantined = storeCall<{ readonly id: string }, Quarantined>({
  name: 'quarantine.show',
  summary: 'One quarantined record: why it was quarantined, and whether it opens now.',
  capability: 'view',
  params: { id: ID },
  override: null,
  shown: { params: ['id'], answer: QUARANTINED_SHOWN },
  async run({ records }, { id }) {
    return quarantinedOf(await records.quarantine.find(id));
  },
});

export const retryQuarantined = storeCall<Ordered & { readonly id: string }, undefined>({
  name: 'quarantine.retry',
  summary: 'Puts one quarantined record back in its place, if it opens now.',
  capability: 'operate',
  params: { id: ID, by: BY_PERSON },
  override: ofOperation('quarantine.retry'),
  shown: { params: ['id', 'by'], answer: 'nothing' },
  async run({ records }, { id }) {
    const result = await records.quarantine.reinstate(id);
    if (result.kind === 'notReinstated') throw stillSealed(codeOf(result.code));
    if (result.kind === 'changed') throw notQuarantined();
  },
});

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
  return new HoldfastError(code, `The record stays quarantined. ${what}`, { field: 'id' });
}

export const purgeQuarantined = storeCall<Ordered & { readonly id: string }, undefined>({
  name: 'quarantine.purge',
  summary: 'Forgets one quarantined record for good.',
  capability: 'destroy',
  params: { id: ID, by: BY_PERSON },
  override: ofOperation('quarantine.purge'),
  shown: { params: ['id', 'by'], answer: 'nothing' },
  async run({ records }, { id }) {
    const isPurged = await records.quarantine.purge(await records.quarantine.find(id));
    if (!isPurged) throw notQuarantined();
  },
});
