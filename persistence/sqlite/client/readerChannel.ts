/**
 * A channel to a reader in a thread of its own, which answers beside the writer (docs/decisions/0293).
 *
 * @module
 */

import type { Worker } from 'node:worker_threads';
import { startThread } from '../../files/packagedFile.ts';
import type {
  FromReader,
  ReaderOptions,
  ReadRequest,
  Reply,
  ToReader,
} from '../protocol/requests.ts';
import { readerFile } from '../reader/readerFile.ts';

interface Asked {
  readonly request: ReadRequest;
  readonly answered: (reply: Reply | null) => void;
}

export class ReaderChannel {
  readonly #worker: Worker;
  /** Questions of this turn, which go out together, and those without an answer, message by message. */
  #gathered: Asked[] = [];
  readonly #sent: (readonly Asked[])[] = [];
  #isReady = false;
  #isClosing = false;
  #hasEnded = false;
  /** Resolves once the thread has ended and holds no file any more. */
  readonly ended: Promise<void>;

  /** @param workerData is copied to the thread; the key in it is wiped here */
  constructor(workerData: ReaderOptions) {
    this.#worker = startThread(readerFile(), { workerData, name: 'holdfast reader' });
    workerData.key.storeKey.fill(0);
    // The questions go to the writer then, which says what is wrong with the store.
    this.#worker.on('error', () => {});
    this.#worker.on('message', (replies: FromReader) => {
      this.#receive(replies);
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end();
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** True once the thread has answered. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** The answer; `null` where the writer has to be asked. Never rejects. */
  ask(request: ReadRequest): Promise<Reply | null> {
    if (this.#isClosing || this.#hasEnded) return Promise.resolve(null);
    return new Promise((answered) => {
      this.#gathered.push({ request, answered });
      if (this.#gathered.length === 1) queueMicrotask(() => this.#send());
    });
  }

  /** Lets go of the file behind its last answer, until it is asked again. */
  release(): void {
    if (this.#isClosing || this.#hasEnded) return;
    this.#send();
    this.#worker.postMessage({ kind: 'release' } satisfies ToReader);
  }

  /** Ends the thread behind its last answer. Safe to call twice. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#send();
    // Its end is waited for.
    this.#worker.ref();
    this.#worker.postMessage({ kind: 'close' } satisfies ToReader);
  }

  #send(): void {
    if (this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#sent.push(gathered);
    // Questions that wait keep the process alive; the thread at rest does not.
    this.#worker.ref();
    const requests = gathered.map(({ request }) => request);
    this.#worker.postMessage({ kind: 'ask', requests } satisfies ToReader);
  }

  #receive(replies: FromReader): void {
    this.#isReady = true;
    const asked = this.#sent.shift() ?? [];
    if (this.#sent.length === 0 && !this.#isClosing) this.#worker.unref();
    for (const [index, { answered }] of asked.entries()) answered(replies[index] ?? null);
  }

  #end(): void {
    this.#hasEnded = true;
    const left = [...this.#sent.splice(0).flat(), ...this.#gathered.splice(0)];
    for (const { answered } of left) answered(null);
  }
}
