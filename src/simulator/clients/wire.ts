/**
 * A connection between two processes of a device: in memory, on virtual time, with the little room that a system has
 * between two ends.
 *
 * @module
 */

import { Duplex } from 'node:stream';
import type { Clock } from '../../../machines/vocabulary/clock.ts';

/** Bytes that the system holds on their way; a writer with more waits for the reader. */
const ROOM_BYTES = 65_536;

/** Process of an end, as the end knows it. */
export interface WireProcess {
  /** Clock of the process: it wakes nobody once the process is dead, and later where the process stands still. */
  readonly clock: Clock;
  /** Open connections of the process. */
  readonly ends: Set<WireEnd>;
  /** Delay of an arriving message, in milliseconds. */
  readonly delayMs: () => number;
  /** Share of a message that arrives first, the rest after it; 0 for all at once. */
  readonly cut: () => number;
}

interface Arrived {
  readonly chunk: Buffer;
  /** Lets the writer go on, where it waits for room. */
  readonly taken: () => void;
}

/** One end of a connection, held by the process there. */
export class WireEnd extends Duplex {
  readonly #process: WireProcess;
  #other: WireEnd | null = null;
  readonly #arrived: Arrived[] = [];
  /** Gets arriving messages until it returns true; then the stream gets them. */
  #handshake: ((chunk: Buffer | null) => boolean) | null = null;
  #isWanted = false;
  #isHungUp = false;
  #heldBytes = 0;
  #lastAtMs = 0;

  constructor(process: WireProcess) {
    super({ allowHalfOpen: true });
    this.#process = process;
    process.ends.add(this);
  }

  /** Connects two ends. */
  static join(one: WireEnd, other: WireEnd): void {
    one.#other = other;
    other.#other = one;
  }

  /** Gives arriving messages, and `null` at their end, to `take` until it returns true. */
  handshake(take: (chunk: Buffer | null) => boolean): void {
    this.#handshake = take;
  }

  /** Ends this end, since its process has died; the other end hears of it. */
  die(): void {
    this.#process.ends.delete(this);
    this.#other?.hangUp();
    this.#other = null;
  }

  /** Ends the connection for both, without a word. */
  cut(): void {
    this.#other?.hangUp();
    this.hangUp();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#deliver();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    const other = this.#other;
    if (other === null) {
      done();
      return;
    }
    // A reader may get any piece of a write.
    const at = Math.floor(chunk.length * other.#process.cut());
    if (at > 0) other.#take(chunk.subarray(0, at), () => undefined);
    other.#take(chunk.subarray(at), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#other?.hangUp();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#process.ends.delete(this);
    const other = this.#other;
    this.#other = null;
    other?.hangUp();
    // Writers at the other end have nobody to wait for any more.
    for (const { taken } of this.#arrived.splice(0)) taken();
    done(error);
  }

  #take(chunk: Buffer, done: () => void): void {
    this.#heldBytes += chunk.length;
    const hasRoom = this.#heldBytes <= ROOM_BYTES;
    this.#later(() => {
      if (this.destroyed) {
        if (!hasRoom) done();
        return;
      }
      this.#arrived.push({ chunk, taken: hasRoom ? () => undefined : done });
      this.#deliver();
    });
    if (hasRoom) done();
  }

  /** Marks the other end as gone, once everything that it sent has come. */
  hangUp(): void {
    this.#later(() => {
      this.#other = null;
      if (this.destroyed) return;
      this.#isHungUp = true;
      this.#deliver();
    });
  }

  /** Runs this after the delay, and after everything before it. */
  #later(go: () => void): void {
    const { clock, delayMs } = this.#process;
    const nowMs = clock.monotonic();
    this.#lastAtMs = Math.max(this.#lastAtMs, nowMs + delayMs());
    clock.schedule(this.#lastAtMs - nowMs, go);
  }

  #deliver(): void {
    while (this.#arrived.length > 0 && (this.#handshake !== null || this.#isWanted)) {
      const { chunk, taken } = this.#arrived.shift() as Arrived;
      this.#heldBytes -= chunk.length;
      taken();
      this.#hand(chunk);
    }
    if (!this.#isHungUp || this.#arrived.length > 0) return;
    this.#isHungUp = false;
    if (this.#handshake?.(null) !== undefined) this.destroy();
    else this.push(null);
  }

  #hand(chunk: Buffer): void {
    if (this.#handshake === null) {
      this.#isWanted = this.push(chunk);
    } else if (this.#handshake(chunk)) {
      this.#handshake = null;
    }
  }
}
