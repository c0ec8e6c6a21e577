/**
 * Kept records as the engine reads and writes them: through the journal, in order with everything else.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type {
  KeepResult,
  KeepWrite,
  Kept,
  KeptKey,
  KeptStore,
  UnreadableKept,
  WriteResult,
} from '../../persistence/port/store.ts';
import type { Journal } from './journal.ts';

export interface KeptRecords {
  /** What is kept under a key, as of after all that was ordered before; `null` for nothing. */
  find(key: KeptKey): Promise<Kept | UnreadableKept | null>;
  /**
   * Orders writes, behind all that was ordered before and ahead of what is ordered from here on. Resolves once they
   * are durable, however long storage fails meanwhile, with an answer to each.
   *
   * @throws HoldfastError (rejects) `HF_STORE_CORRUPT` where the store is well and refuses one: its page is
   * damaged; `HF_CLOSED` where the runtime stops first: then it may hold or not.
   */
  commit(writes: readonly KeepWrite[]): Promise<readonly KeepResult[]>;
  /**
   * Orders a write in the same way for a caller that has nothing to wait for. What is ordered in the same job usually
   * shares its commit; where a commit fails, a crash before it is repeated may leave what was ordered later alone.
   *
   * @param onDurable told the answer; not where the store refuses it, which its listeners are told of
   */
  order(write: KeepWrite, onDurable?: (result: KeepResult) => void): void;
  /** Rejects all pending callers with `HF_CLOSED`: the runtime has stopped. */
  abandon(): void;
}

export function keptRecords({
  journal,
  store,
}: {
  readonly journal: Pick<Journal, 'write' | 'sendAll'>;
  readonly store: Pick<KeptStore, 'kept'>;
}): KeptRecords {
  const waiting = new Set<(error: HoldfastError) => void>();
  let isAbandoned = false;

  const order = (
    write: KeepWrite,
    onDurable: (result: KeepResult) => void,
    onRefused?: (error: HoldfastError) => void,
  ): void => {
    journal.write({
      build: () => write,
      onDurable: (result) => {
        onDurable(answerOf(result));
      },
      onRefused,
    });
  };
  const commitOne = async (write: KeepWrite): Promise<KeepResult> =>
    await new Promise((resolve, reject) => {
      const refuse = (error: HoldfastError): void => {
        waiting.delete(refuse);
        reject(error);
      };
      if (isAbandoned) {
        reject(stopped());
        return;
      }
      waiting.add(refuse);
      const onDurable = (result: KeepResult): void => {
        waiting.delete(refuse);
        resolve(result);
      };
      order(write, onDurable, refuse);
    });

  return {
    async find(key) {
      journal.sendAll();
      return await store.kept(key);
    },
    commit: async (writes) => await Promise.all(writes.map(commitOne)),
    order: (write, onDurable = () => undefined) => {
      order(write, onDurable);
    },
    abandon() {
      isAbandoned = true;
      for (const refuse of waiting) refuse(stopped());
    },
  };
}

/** A store answers a write that keeps with nothing else. */
function answerOf(result: WriteResult): KeepResult {
  if (result.kind === 'kept' || result.kind === 'keptOtherwise') return result;
  throw new HoldfastError('HF_INTERNAL', `A write that keeps was answered as ${result.kind}.`);
}

function stopped(): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    'The runtime was closed before the disk confirmed what is to be kept, so it may hold or not.',
    { retry: 'later', withStack: false },
  );
}
