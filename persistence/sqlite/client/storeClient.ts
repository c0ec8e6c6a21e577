/**
 * The store port over a channel to the writer.
 *
 * @module
 */

import { HoldfastError, reviveError } from '../../../machines/vocabulary/errors.ts';
import { forwardQuestions } from '../../port/questions.ts';
import type { SpillLine } from '../../port/spillLine.ts';
import type { QuarantinedRow, Store } from '../../port/store.ts';
import type {
  Answer,
  OpenedStore,
  ReadRequest,
  Replies,
  Reply,
  StoreRequest,
} from '../protocol/requests.ts';

/** A way to a writer. Answers come in the order of the requests. */
export interface Channel {
  open(): Promise<OpenedStore>;
  /** Rejects with the error of the reply. */
  ask(request: StoreRequest): Promise<unknown>;
  /** Resolves once everything asked before is answered and the file is closed. */
  close(): Promise<void>;
  /** See {@link Store.spillLine}. */
  spillLine(): SpillLine | null;
}

/** Receives what the writer does on its own. */
export interface WriterListener {
  readonly quarantined: (row: QuarantinedRow) => void;
  readonly noticed: (notice: HoldfastError) => void;
}

/** @param connect makes the channel for a listener */
export function createStoreClient(connect: (listener: WriterListener) => Channel): Store {
  const onQuarantine: WriterListener['quarantined'][] = [];
  const onNotice: WriterListener['noticed'][] = [];
  let lastSeq = 0;
  const channel = connect({
    quarantined: (row) => {
      for (const listener of onQuarantine) listener(row);
    },
    noticed: (notice) => {
      for (const listener of onNotice) listener(notice);
    },
  });
  /** The writer answers each kind of request with its kind of answer. */
  const ask = <Kind extends StoreRequest['kind']>(
    request: Extract<StoreRequest, { kind: Kind }>,
  ): Promise<Answer<Kind>> => channel.ask(request) as Promise<Answer<Kind>>;
  return {
    ...forwardQuestions((kind, query) => channel.ask({ kind, query } as ReadRequest)),
    async open() {
      const { seqMax, generation: _, ...info } = await channel.open();
      lastSeq = Math.max(lastSeq, seqMax);
      return info;
    },
    nextSeq() {
      lastSeq += 1;
      return lastSeq;
    },
    commit: (writes) => ask({ kind: 'commit', writes }),
    async spill(write) {
      await ask({ kind: 'spill', write });
    },
    clearErased: () => ask({ kind: 'clearErased' }),
    onQuarantine: (listener) => {
      onQuarantine.push(listener);
    },
    onNotice: (listener) => {
      onNotice.push(listener);
    },
    spillLine: () => channel.spillLine(),
    close: () => channel.close(),
  };
}

/** Settles what was asked by the reply to it. */
export function settle(
  reply: Reply,
  resolve: (value: unknown) => void,
  reject: (error: HoldfastError) => void,
): void {
  if ('error' in reply) reject(reviveError(reply.error));
  else resolve(reply.value);
}

/** Reports what the writer did beside answering. */
export function tell(
  { quarantined, notices }: Pick<Replies, 'quarantined' | 'notices'>,
  listener: WriterListener,
): void {
  for (const row of quarantined) listener.quarantined(row);
  for (const notice of notices) listener.noticed(reviveError(notice));
}

/** The error for asking a store that is not open, or no longer. */
export function notOpen(): HoldfastError {
  return new HoldfastError('HF_CLOSED', 'The store is not open.', { withStack: false });
}
