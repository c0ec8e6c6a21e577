/**
 * A channel to a writer in the caller's own thread: each request is answered before the call
 * returns. For short readings from the command line, and for tests and simulations.
 *
 * @module
 */

import { faultPoint } from '../faultPoints.ts';
import type { OpenedStore, StoreRequest } from './requests.ts';
import type { Channel, QuarantineListener } from './storeClient.ts';
import { notOpen, settle } from './storeClient.ts';
import type { StorePlace } from './storePlace.ts';
import { Writer } from './writer.ts';

export class InThreadChannel implements Channel {
  readonly #place: StorePlace;
  readonly #notify: QuarantineListener;
  #writer: Writer | null = null;
  #giveBack: (() => void) | null = null;

  constructor(place: StorePlace, notify: QuarantineListener) {
    this.#place = place;
    this.#notify = notify;
  }

  async open(): Promise<OpenedStore> {
    const { folder, giveBack } = await this.#place.reserve();
    const writer = new Writer(folder);
    this.#giveBack = giveBack;
    this.#writer = writer;
    try {
      const { hasData } = writer.own();
      return writer.open(await this.#place.unlock(folder, hasData), this.#place.create);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  ask(request: StoreRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#writer === null) throw notOpen();
      const { replies, quarantined } = this.#writer.run([request]);
      for (const row of quarantined) this.#notify(row);
      faultPoint('store.beforeAck');
      for (const reply of replies) settle(reply, resolve, reject);
    });
  }

  close(): Promise<void> {
    this.#writer?.close();
    this.#writer = null;
    this.#giveBack?.();
    this.#giveBack = null;
    return Promise.resolve();
  }
}
