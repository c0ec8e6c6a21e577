/**
 * A channel to a writer in a thread of its own: the calling thread never waits for the disk.
 *
 * Several messages may be under way: while the writer syncs one, it already receives the next, and further requests are
 * gathered for the one after.
 *
 * @module
 */

import { MessageChannel, type Worker } from 'node:worker_threads';

import {
  causeText,
  HoldfastError,
  isHoldfastError,
  reviveError,
} from '../../../machines/vocabulary/errors.ts';
import { startThread } from '../../files/packagedFile.ts';
import { programName } from '../../owner/ownerNote.ts';
import { faultsOfThreads } from '../../port/faultPoints.ts';
import type { SpillLine } from '../../port/writes.ts';
import type {
  FromWriter,
  OpenedStore,
  ReadRequest,
  StoreKey,
  StoreRequest,
  ThreadOptions,
  ToWriter,
} from '../protocol/requests.ts';
import { writerFile } from '../writer/writerFile.ts';
import { ReaderChannel } from './readerChannel.ts';
import {
  type Channel,
  notOpen,
  type StoreLocation,
  settle,
  tell,
  type WriterListener,
} from './storeClient.ts';

const MESSAGES_UNDER_WAY_MAX = 4;

interface Asked {
  readonly request: StoreRequest;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: HoldfastError) => void;
}

export class ThreadChannel implements Channel {
  readonly #location: StoreLocation;
  readonly #listener: WriterListener;
  #reserving: ReturnType<StoreLocation['reserve']> | null = null;
  #thread: Thread | null = null;
  #generation: number | null = null;

  constructor(location: StoreLocation, listener: WriterListener) {
    this.#location = location;
    this.#listener = listener;
  }

  async open(): Promise<OpenedStore> {
    if (this.#thread?.hasEnded === false) {
      throw new HoldfastError('HF_INTERNAL', 'The store is open already.');
    }
    const file = writerFile();
    this.#reserving = this.#location.reserve();
    const { folder, giveBack } = await this.#reserving;
    const generation = this.#generation;
    this.#thread = new Thread({
      file,
      folder,
      generation,
      giveBack,
      location: this.#location,
      listener: this.#listener,
    });
    const store = await this.#thread.opened;
    this.#generation = store.generation;
    return store;
  }

  ask(request: StoreRequest): Promise<unknown> {
    return this.#thread?.ask(request) ?? Promise.reject(notOpen());
  }

  look(request: ReadRequest): Promise<unknown> {
    return this.#thread?.look(request) ?? Promise.reject(notOpen());
  }

  spillLine(): SpillLine | null {
    return this.#thread?.spillLine() ?? null;
  }

  async close(): Promise<void> {
    // While it is being opened: afterwards there is a thread to close, or it was refused.
    await this.#reserving?.catch(() => {});
    await this.#thread?.close();
    this.#generation = null;
  }
}

interface ThreadParts {
  readonly file: URL;
  readonly folder: string;
  readonly location: StoreLocation;
  readonly listener: WriterListener;
  /** The mark that this owner has left in the store. */
  readonly generation: number | null;
  readonly giveBack: () => void;
}

class Thread {
  readonly #worker: Worker;
  readonly #parts: ThreadParts;
  /** Settles when the store is open or the attempt has ended and left the folder. */
  readonly opened: Promise<OpenedStore>;
  readonly #ended: Promise<void>;
  /** Requests to send, and sent requests without an answer; both in the order of asking. */
  #gathered: Asked[] = [];
  #sent: Asked[] = [];
  #messagesUnderWay = 0;
  #reader: ReaderChannel | null = null;
  /** True while the writer's connection has written: questions go beside it then. */
  #hasWritten = false;
  /** The identity of the file, once it is open. */
  #file = '';
  /** The key for the reader, until that is started. */
  #readerKey: StoreKey | null = null;
  /** True once requests may be sent; earlier ones are kept: a restarted thread may be asked at once. */
  #isOpen = false;
  #isClosing = false;
  #closeIsSent = false;
  #failure: unknown = null;
  #hasEnded = false;

  constructor(parts: ThreadParts) {
    this.#parts = parts;
    const workerData: ThreadOptions = {
      folder: parts.folder,
      program: programName(),
      isBrief: false,
      sealing: parts.location.sealing,
      faults: faultsOfThreads(),
    };
    this.#worker = startThread(parts.file, { workerData, name: 'holdfast writer' });
    this.#worker.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        parts.giveBack();
        this.#end();
        resolve();
      });
    });
    this.opened = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWriter) => this.#receive(message, resolve));
      void this.#ended.then(() => reject(this.#reasonOfEnd()));
    });
    // It may fail while nobody waits for it.
    this.opened.catch(() => {});
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  ask(request: StoreRequest): Promise<unknown> {
    if (this.#isClosing) return Promise.reject(this.#reasonOfEnd());
    return this.#give(request);
  }

  /** Gives a request to the writer, also one that was asked of the reader before the store was closed. */
  #give(request: StoreRequest): Promise<unknown> {
    if (this.#closeIsSent || this.#hasEnded) return Promise.reject(this.#reasonOfEnd());
    return new Promise((resolve, reject) => {
      this.#gathered.push({ request, resolve, reject });
      // At once while the writer has room, so that it works while the caller goes on.
      if (this.#messagesUnderWay < MESSAGES_UNDER_WAY_MAX || carriesCrisis(request)) {
        this.#send(Number.POSITIVE_INFINITY);
      }
    });
  }

  /** Asks the reader; the writer where that can't answer, and both while it is being started. */
  async look(request: ReadRequest): Promise<unknown> {
    const isBeside = this.#hasWritten && !this.#isClosing;
    const reader = isBeside ? this.#startedReader() : null;
    if (reader === null) return await this.ask(request);
    const beside = reader.ask(request);
    if (!reader.isReady) {
      const answered = new Promise((resolve, reject) => {
        void beside.then((reply) => {
          if (reply !== null) settle(reply, resolve, reject);
        });
      });
      return await Promise.race([this.#give(request), answered]);
    }
    const reply = await beside;
    if (reply === null) return await this.#give(request);
    return await new Promise((resolve, reject) => {
      settle(reply, resolve, reject);
    });
  }

  /** The reader, started for the first question; `null` once it has ended, or where its file was left behind. */
  #startedReader(): ReaderChannel | null {
    const key = this.#readerKey;
    if (key === null) return this.#reader;
    this.#readerKey = null;
    const { folder, location } = this.#parts;
    try {
      const options = { folder, file: this.#file, key, sealing: location.sealing };
      const reader = new ReaderChannel(options);
      this.#reader = reader;
      void reader.ended.then(() => {
        this.#reader = null;
        if (this.#isClosing) this.#send();
      });
      return reader;
    } catch {
      key.storeKey.fill(0);
      return null;
    }
  }

  spillLine(): SpillLine | null {
    if (!this.#isOpen || this.#isClosing || this.#hasEnded) return null;
    const { port1, port2 } = new MessageChannel();
    const message: ToWriter = { kind: 'line', line: port1 };
    this.#worker.postMessage(message, [port1]);
    return port2;
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#reader?.close();
    this.#send();
    return this.#ended;
  }

  #send(messagesMax = MESSAGES_UNDER_WAY_MAX): void {
    if (this.#hasEnded) return;
    const hasRoom = this.#isOpen && this.#messagesUnderWay < messagesMax;
    if (this.#gathered.length > 0 && hasRoom) {
      const gathered = this.#gathered;
      this.#gathered = [];
      this.#sent.push(...gathered);
      this.#messagesUnderWay += 1;
      this.#post({ kind: 'requests', requests: gathered.map(({ request }) => request) });
    }
    // The last connection folds the WAL into the file: that is the writer's.
    if (this.#reader !== null) return;
    // A thread that never opened has nothing to write first: its requests are refused when it ends.
    if (this.#isClosing && !this.#closeIsSent && (this.#gathered.length === 0 || !this.#isOpen)) {
      this.#closeIsSent = true;
      this.#post({ kind: 'close' });
    }
  }

  #receive(message: FromWriter, opened: (store: OpenedStore) => void): void {
    switch (message.kind) {
      case 'owned':
        void this.#unlock(message.hasData);
        break;
      case 'opened':
        this.#isOpen = true;
        this.#file = message.store.file;
        this.#hasWritten = message.hasWritten;
        this.#send();
        this.#rest();
        opened(message.store);
        break;
      case 'failed':
        this.#failure = reviveError(message.error);
        break;
      case 'replies':
        this.#settle(message);
        break;
      case 'closed':
        break;
    }
  }

  async #unlock(hasData: boolean): Promise<void> {
    try {
      const { storeId, keyId, storeKey } = await this.#parts.location.unlock(
        this.#parts.folder,
        hasData,
      );
      const { generation, location } = this.#parts;
      const key = { storeId, keyId, storeKey };
      if (!this.#isClosing && !this.#hasEnded) {
        this.#readerKey = { ...key, storeKey: storeKey.slice() };
      }
      this.#post({ kind: 'unlock', key, create: location.create, generation });
      storeKey.fill(0);
    } catch (error) {
      this.#failure = error;
      void this.close();
    }
  }

  #settle({
    messages,
    replies,
    hasWritten,
    ...rest
  }: Extract<FromWriter, { kind: 'replies' }>): void {
    this.#messagesUnderWay -= messages;
    if (this.#hasWritten && !hasWritten) this.#reader?.release();
    this.#hasWritten = hasWritten;
    const answered = this.#sent.splice(0, replies.length);
    if (this.#gathered.length > 0 || this.#isClosing) this.#send();
    tell(rest, this.#parts.listener);
    for (const [index, reply] of replies.entries()) {
      const asked = answered[index];
      if (asked !== undefined) settle(reply, asked.resolve, asked.reject);
    }
    this.#rest();
  }

  /** Posts a message, which keeps the process alive until it is answered; the open store does not. */
  #post(message: ToWriter): void {
    this.#worker.ref();
    this.#worker.postMessage(message);
  }

  #rest(): void {
    if (this.#messagesUnderWay === 0 && !this.#closeIsSent) this.#worker.unref();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#readerKey?.storeKey.fill(0);
    this.#readerKey = null;
    this.#reader?.close();
    const [sent, gathered] = [this.#sent, this.#gathered];
    this.#sent = [];
    this.#gathered = [];
    // Sent requests may have been written before the thread ended.
    for (const { reject } of sent) reject(this.#reasonOfEnd(true));
    for (const { reject } of gathered) reject(this.#reasonOfEnd());
  }

  #reasonOfEnd(mayBeStored = false): HoldfastError {
    if (isHoldfastError(this.#failure)) return this.#failure;
    if (this.#isClosing && this.#failure === null) return notOpen();
    const why = this.#failure === null ? '' : ` (${causeText(this.#failure)})`;
    return new HoldfastError(
      'HF_STORE_UNAVAILABLE',
      `The writer thread of the store in ${this.#parts.folder} ended unexpectedly${why}. Open it again.`,
      { path: this.#parts.folder, retry: 'later', cause: this.#failure, mayBeStored },
    );
  }
}

/**
 * True for the acceptance of a crisis. It waits for no answer to others: an app may block right behind the answer to
 * the person, and be killed (CR-4).
 */
function carriesCrisis(request: StoreRequest): boolean {
  return (
    request.kind === 'commit' &&
    request.writes.some((write) => write.kind === 'accept' && write.urgency < 1)
  );
}
