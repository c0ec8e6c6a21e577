/**
 * The quarantine: records that could not be opened or read, kept whole so that the others go on
 * (PS-3). Each can be looked at, tried again, exported as it lies on disk, or purged. Made of the calls,
 * so it is the same over a running process and a store at rest.
 *
 * @module
 */

import type { SealedRecord } from '../../../persistence/port/store.ts';
import type { Caller } from '../call/managementCall.ts';
import { pageOfQuarantine } from './page.ts';
import { purgeQuarantined } from './purge.ts';
import type { Quarantined } from './quarantined.ts';
import { retryQuarantined } from './retry.ts';
import { pageOfSealed } from './sealed.ts';
import { showQuarantined } from './show.ts';

/** What a runtime offers. */
export interface Quarantine {
  /**
   * In order of acceptance. Reads a page at a time.
   *
   * @example
   * for await (const { id, code } of runtime.quarantine.list()) console.log(id, code);
   */
  list(): AsyncIterable<Quarantined>;
  /** @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_QUARANTINED`. */
  show(id: string): Promise<Quarantined>;
  /**
   * Puts it back where it stood, with its lane and idempotency key, if it opens and can be read now.
   * Where others are in its lane meanwhile it goes to the tail. It stays quarantined otherwise.
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

/** The quarantine by the calls that `caller` carries. */
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
