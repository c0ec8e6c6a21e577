/**
 * A channel to a writer in the caller's own thread: each request is answered before the call
 * returns. For short readings from the command line, and for tests and simulations.
 *
 * @module
 */

import { programName } from '../../owner/ownerNote.ts';
import { faultPoint } from '../../port/faultPoints.ts';
import { engineOf } from '../../sealing/engines.ts';
import type { OpenedStore, StoreRequest } from '../protocol/requests.ts';
import { Writer } from '../writer/writer.ts';
import type { Channel, WriterListener } from './storeClient.ts';
import { notOpen, settle, tell } from './storeClient.ts';
import type { StoreLocation } from './storeLocation.ts';

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
