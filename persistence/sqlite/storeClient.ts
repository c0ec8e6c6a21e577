/**
 * The store port over a channel to the writer.
 *
 * @module
 */

import { HoldfastError, reviveError } from '../../machines/vocabulary/errors.ts';
import type { QuarantinedRow, Store, StoreInfo, Write, WriteResult } from '../store.ts';
import type { Answer, OpenedStore, Query, Reply, StoreRequest } from './requests.ts';

/** A way to a writer. Answers come in the order of the requests. */
export interface Channel {
  open(): Promise<OpenedStore>;
  /** Rejects with the error of the reply. */
  ask(request: StoreRequest): Promise<unknown>;
  /** Resolves once everything asked before is answered and the file is closed. */
  close(): Promise<void>;
}

export type QuarantineListener = (row: QuarantinedRow) => void;

/** @param connect makes the channel, given whom to tell of rows set aside. */
export function createStoreClient(connect: (notify: QuarantineListener) => Channel): Store {
  return new StoreClient(connect);
}

class StoreClient implements Store {
  readonly #channel: Channel;
  readonly #listeners: QuarantineListener[] = [];
  #lastSeq = 0;

  constructor(connect: (notify: QuarantineListener) => Channel) {
    this.#channel = connect((row) => {
      for (const listener of this.#listeners) listener(row);
    });
  }

  async open(): Promise<StoreInfo> {
    const { seqMax, ...info } = await this.#channel.open();
    this.#lastSeq = Math.max(this.#lastSeq, seqMax);
    return info;
  }

  nextSeq(): number {
    this.#lastSeq += 1;
    return this.#lastSeq;
  }

  commit(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    return this.#ask({ kind: 'commit', writes });
  }

  claim(query: Query<'claim'>): Promise<Answer<'claim'>> {
    return this.#ask({ kind: 'claim', query });
  }

  inHand(query: Query<'inHand'>): Promise<Answer<'inHand'>> {
    return this.#ask({ kind: 'inHand', query });
  }

  freedHeads(query: Query<'freedHeads'>): Promise<Answer<'freedHeads'>> {
    return this.#ask({ kind: 'freedHeads', query });
  }

  strays(query: Query<'strays'>): Promise<Answer<'strays'>> {
    return this.#ask({ kind: 'strays', query });
  }

  expired(query: Query<'expired'>): Promise<Answer<'expired'>> {
    return this.#ask({ kind: 'expired', query });
  }

  find(id: string): Promise<Answer<'find'>> {
    return this.#ask({ kind: 'find', id });
  }

  list(query: Query<'list'>): Promise<Answer<'list'>> {
    return this.#ask({ kind: 'list', query });
  }

  counts(): Promise<Answer<'counts'>> {
    return this.#ask({ kind: 'counts' });
  }

  onQuarantine(listener: QuarantineListener): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  /** The writer answers each kind of request with its kind of answer. */
  #ask<Kind extends StoreRequest['kind']>(
    request: Extract<StoreRequest, { kind: Kind }>,
  ): Promise<Answer<Kind>> {
    return this.#channel.ask(request) as Promise<Answer<Kind>>;
  }
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

/** The error for asking a store that is not open, or no longer. */
export function notOpen(): HoldfastError {
  return new HoldfastError('HF_CLOSED', 'The store is not open.', { withStack: false });
}
