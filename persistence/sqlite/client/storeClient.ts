/**
 * The store port over a channel to the writer.
 *
 * @module
 */

import { HoldfastError, reviveError } from '../../../machines/vocabulary/errors.ts';
import { programName } from '../../owner/ownerNote.ts';
import { faultPoint } from '../../port/faultPoints.ts';
import { forwardBeside, forwardQuestions } from '../../port/questions.ts';
import type { QuarantinedRow, Store } from '../../port/store.ts';
import type { SpillLine } from '../../port/writes.ts';
import { engineOf, type Sealing } from '../../sealing/engines.ts';
import type {
  Answer,
  OpenedStore,
  ReadRequest,
  Replies,
  Reply,
  StoreKey,
  StoreRequest,
} from '../protocol/requests.ts';
import { Writer } from '../writer/writer.ts';

/** A way to a writer. Answers come in the order of the requests. */
export interface Channel {
  open(): Promise<OpenedStore>;
  /** Rejects with the error of the reply. */
  ask(request: StoreRequest): Promise<unknown>;
  /** The same beside the writer: see {@link Store.beside}. */
  look(request: ReadRequest): Promise<unknown>;
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
    beside: forwardBeside((kind, query) => channel.look({ kind, query } as ReadRequest)),
    async open() {
      const { seqMax, generation: _, file: __, ...info } = await channel.open();
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

// A channel to a writer in the caller's own thread: each request is answered before the call
// returns. For short readings from the command line, and for tests and simulations.

export class InThreadChannel implements Channel {
  readonly #location: StoreLocation;
  readonly #listener: WriterListener;
  #writer: Writer | null = null;
  #giveBack: (() => void) | null = null;
  #generation: number | null = null;

  constructor(location: StoreLocation, listener: WriterListener) {
    this.#location = location;
    this.#listener = listener;
  }

  async open(): Promise<OpenedStore> {
    const { folder, giveBack } = await this.#location.reserve();
    const engine = await engineOf(this.#location.sealing);
    const options = { folder, program: programName(), isBrief: !this.#location.create };
    const writer = new Writer(options, engine);
    this.#giveBack = giveBack;
    this.#writer = writer;
    try {
      const { hasData } = writer.own();
      const key = await this.#location.unlock(folder, hasData);
      const store = writer.open(key, this.#location.create, this.#generation);
      this.#generation = store.generation;
      return store;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  ask(request: StoreRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#writer === null) throw notOpen();
      const answer = this.#writer.run([request]);
      tell(answer, this.#listener);
      faultPoint('store.beforeAck');
      for (const reply of answer.replies) settle(reply, resolve, reject);
    });
  }

  /** The writer works within the call: nothing is waited for. */
  look(request: ReadRequest): Promise<unknown> {
    return this.ask(request);
  }

  spillLine(): null {
    return null;
  }

  close(): Promise<void> {
    this.#writer?.close();
    this.#writer = null;
    this.#giveBack?.();
    this.#giveBack = null;
    return Promise.resolve();
  }
}

export interface StoreLocation {
  /** True to make a store where there is none. */
  readonly create: boolean;
  /** The engine that seals its records. */
  readonly sealing: Sealing;
  /** Checks the folder and reserves it within this process. */
  reserve(): Promise<{ readonly folder: string; readonly giveBack: () => void }>;
  /** Makes or opens the keyring; called once the folder is owned. */
  unlock(folder: string, hasData: boolean): Promise<StoreKey>;
}
