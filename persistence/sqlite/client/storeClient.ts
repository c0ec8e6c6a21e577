/**
 * The store port over a channel to the writer.
 *
 * @module
 */

import { HoldfastError, reviveError } from '../../../machines/vocabulary/errors.ts';
import type {
  AcceptWrite,
  QuarantinedRow,
  Store,
  StoreInfo,
  Write,
  WriteResult,
} from '../../port/store.ts';
import type {
  Answer,
  OpenedStore,
  Query,
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
}

/** Told of what the writer does on its own. */
export interface WriterListener {
  readonly quarantined: (row: QuarantinedRow) => void;
  readonly noticed: (notice: HoldfastError) => void;
}

/** @param connect makes the channel, given whom to tell. */
export function createStoreClient(connect: (listener: WriterListener) => Channel): Store {
  return new StoreClient(connect);
}

class StoreClient implements Store {
  readonly #channel: Channel;
  readonly #onQuarantine: WriterListener['quarantined'][] = [];
  readonly #onNotice: WriterListener['noticed'][] = [];
  #lastSeq = 0;

  constructor(connect: (listener: WriterListener) => Channel) {
    this.#channel = connect({
      quarantined: (row) => {
        for (const listener of this.#onQuarantine) listener(row);
      },
      noticed: (notice) => {
        for (const listener of this.#onNotice) listener(notice);
      },
    });
  }

  async open(): Promise<StoreInfo> {
    const { seqMax, generation: _, ...info } = await this.#channel.open();
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

  async spill(write: AcceptWrite): Promise<void> {
    await this.#ask({ kind: 'spill', write });
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

  check(query: Query<'check'>): Promise<Answer<'check'>> {
    return this.#ask({ kind: 'check', query });
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

  deadLetters(query: Query<'deadLetters'>): Promise<Answer<'deadLetters'>> {
    return this.#ask({ kind: 'deadLetters', query });
  }

  quarantine(query: Query<'quarantine'>): Promise<Answer<'quarantine'>> {
    return this.#ask({ kind: 'quarantine', query });
  }

  sealedQuarantine(query: Query<'sealedQuarantine'>): Promise<Answer<'sealedQuarantine'>> {
    return this.#ask({ kind: 'sealedQuarantine', query });
  }

  counts(): Promise<Answer<'counts'>> {
    return this.#ask({ kind: 'counts' });
  }

  askingCounts(): Promise<Answer<'askingCounts'>> {
    return this.#ask({ kind: 'askingCounts' });
  }

  recount(): Promise<void> {
    return this.#ask({ kind: 'recount' });
  }

  clearErased(): Promise<boolean> {
    return this.#ask({ kind: 'clearErased' });
  }

  onQuarantine(listener: WriterListener['quarantined']): void {
    this.#onQuarantine.push(listener);
  }

  onNotice(listener: WriterListener['noticed']): void {
    this.#onNotice.push(listener);
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

/** Tells of what the writer did beside answering. */
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
