/**
 * Frames of the WebSocket protocol (RFC 6455) for a client that sends texts and reads nothing:
 * it has to answer pings, and to notice the end.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

export const TEXT = 0x1;
export const CLOSE = 0x8;
const PING = 0x9;
export const PONG = 0xa;

const FINAL = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;
/** The longest that a ping or a close may carry. */
const CONTROL_BYTES_MAX = 125;
const SHORT_MAX = 125;
const MEDIUM = 126;
const MEDIUM_MAX = 0xff_ff;
const LONG = 127;

/** One whole frame of a client, masked. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(MASK_BYTES);
  const body = Buffer.allocUnsafe(payload.length);
  for (let at = 0; at < payload.length; at += 1) {
    body[at] = (payload[at] ?? 0) ^ (mask[at % MASK_BYTES] ?? 0);
  }
  return Buffer.concat([headOf(opcode, payload.length), mask, body]);
}

function headOf(opcode: number, length: number): Buffer {
  if (length <= SHORT_MAX) return Buffer.from([FINAL | opcode, MASKED | length]);
  if (length <= MEDIUM_MAX) {
    const head = Buffer.from([FINAL | opcode, MASKED | MEDIUM, 0, 0]);
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.alloc(10);
  head[0] = FINAL | opcode;
  head[1] = MASKED | LONG;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** A frame of the server that needs an answer. */
export interface ServerSaid {
  readonly kind: 'ping' | 'close' | 'broken';
  readonly payload: Buffer;
}

/** Reads the frames of a server, chunk by chunk. Texts of any length are dropped. */
export class ServerFrames {
  #head: Buffer = Buffer.alloc(0);
  /** Bytes of a dropped text that are still to come. */
  #toSkip = 0;

  read(chunk: Buffer): readonly ServerSaid[] {
    const said: ServerSaid[] = [];
    let rest = chunk;
    for (;;) {
      const skipped = Math.min(this.#toSkip, rest.length);
      this.#toSkip -= skipped;
      rest = rest.subarray(skipped);
      if (rest.length === 0 && this.#head.length === 0) return said;
      const all = this.#head.length === 0 ? rest : Buffer.concat([this.#head, rest]);
      const frame = frameIn(all);
      if (frame === 'broken') return [...said, { kind: 'broken', payload: Buffer.alloc(0) }];
      if (frame === 'incomplete') {
        this.#head = all;
        return said;
      }
      this.#head = Buffer.alloc(0);
      rest = all.subarray(frame.headBytes);
      if (frame.isControl) {
        said.push(...frame.said);
        rest = rest.subarray(frame.length);
      } else {
        this.#toSkip = frame.length;
      }
      if (rest.length === 0) return said;
    }
  }
}

interface FrameRead {
  readonly headBytes: number;
  readonly length: number;
  readonly isControl: boolean;
  readonly said: readonly ServerSaid[];
}

function frameIn(bytes: Buffer): FrameRead | 'incomplete' | 'broken' {
  if (bytes.length < 2) return 'incomplete';
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const opcode = first & 0x0f;
  const isControl = opcode >= CLOSE;
  // A server never masks, and no extension was agreed on that would use the other bits.
  if ((second & MASKED) !== 0 || (first & 0x70) !== 0) return 'broken';
  const short = second & 0x7f;
  if (isControl && (short > CONTROL_BYTES_MAX || (first & FINAL) === 0)) return 'broken';
  const headBytes = short === LONG ? 10 : short === MEDIUM ? 4 : 2;
  if (bytes.length < headBytes) return 'incomplete';
  const length =
    short === LONG
      ? Number(bytes.readBigUInt64BE(2))
      : short === MEDIUM
        ? bytes.readUInt16BE(2)
        : short;
  if (!Number.isSafeInteger(length)) return 'broken';
  if (!isControl) return { headBytes, length, isControl, said: [] };
  if (bytes.length < headBytes + length) return 'incomplete';
  const payload = Buffer.from(bytes.subarray(headBytes, headBytes + length));
  const said: readonly ServerSaid[] =
    opcode === PING
      ? [{ kind: 'ping', payload }]
      : opcode === CLOSE
        ? [{ kind: 'close', payload }]
        : [];
  return { headBytes, length, isControl, said };
}
