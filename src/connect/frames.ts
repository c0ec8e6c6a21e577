/**
 * Cuts the bytes of a line into frames, with a bound on each.
 *
 * @module
 */

const LINE_FEED = 0x0a;

/** Bytes that are no frame, or a frame that is too long. */
export class FrameFault extends Error {
  override readonly name = 'FrameFault';
}

export class FrameReader {
  readonly #bytesMax: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether a frame has begun to arrive and has not ended. */
  get isWithin(): boolean {
    return this.#bytes > 0;
  }

  /**
   * The frames that are complete by now, as values of JSON.
   *
   * @throws FrameFault
   */
  read(chunk: Buffer): unknown[] {
    const frames: unknown[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, from);
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
      this.#bytes += piece.length;
      if (this.#bytes > this.#bytesMax) throw new FrameFault('too long');
      if (piece.length > 0) this.#chunks.push(piece);
      if (end === -1) return frames;
      frames.push(this.#frame());
      from = end + 1;
    }
  }

  #frame(): unknown {
    const text = Buffer.concat(this.#chunks, this.#bytes).toString('utf8');
    this.#chunks = [];
    this.#bytes = 0;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // The cause is left out: its message quotes the frame.
      throw new FrameFault('no JSON');
    }
  }
}

/** A value as a frame. */
export function frameOf(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
