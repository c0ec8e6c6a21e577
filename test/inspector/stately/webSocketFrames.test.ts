import { describe, expect, test } from 'vitest';
import { clientFrame, ServerFrames, TEXT } from '../../../inspector/stately/webSocketFrames.ts';

/** A frame as a server sends it. */
function serverFrame(opcode: number, payload: Buffer, first = 0x80): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([first | opcode, length]), payload]);
  if (length < 65_536) {
    const head = Buffer.from([first | opcode, 126, 0, 0]);
    head.writeUInt16BE(length, 2);
    return Buffer.concat([head, payload]);
  }
  const head = Buffer.alloc(10);
  head[0] = first | opcode;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** Read in pieces of so many bytes. */
function readAll(bytes: Buffer, piece: number): readonly string[] {
  const frames = new ServerFrames();
  const said: string[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    for (const { kind, payload } of frames.read(bytes.subarray(at, at + piece))) {
      said.push(`${kind} ${payload.toString('utf8')}`);
    }
  }
  return said;
}

describe('OB-2 frames of a WebSocket', () => {
  test.each([0, 1, 125, 126, 65_535, 65_536, 200_000])(
    'OB-2: a text of %i bytes is sent whole, masked',
    (length) => {
      const payload = Buffer.alloc(length, 'x');
      const frame = clientFrame(TEXT, payload);
      const headBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
      expect(frame[0]).toBe(0x81);
      expect((frame[1] ?? 0) & 0x80).toBe(0x80);
      const mask = frame.subarray(headBytes, headBytes + 4);
      const body = frame.subarray(headBytes + 4).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      expect(Buffer.from(body).equals(payload)).toBe(true);
    },
  );

  test.each([1, 2, 3, 7, 1_000, 1_000_000])(
    'OB-2: what a server sends is read in pieces of %i bytes: texts are passed over',
    (piece) => {
      const bytes = Buffer.concat([
        serverFrame(TEXT, Buffer.alloc(10, 'a')),
        serverFrame(0x9, Buffer.from('one')),
        serverFrame(TEXT, Buffer.alloc(300, 'a'), 0),
        serverFrame(0x9, Buffer.from('two')),
        serverFrame(0x0, Buffer.alloc(70_000, 'a')),
        serverFrame(0xa, Buffer.from('pong')),
        serverFrame(0x2, Buffer.alloc(0)),
        serverFrame(0x8, Buffer.from('end')),
      ]);
      expect(readAll(bytes, piece)).toEqual(['ping one', 'ping two', 'close end']);
    },
  );

  test.each([
    ['is masked', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0])],
    ['has bits that nobody agreed on', Buffer.from([0xc1, 0])],
    ['is a long ping', Buffer.from([0x89, 126, 0, 200])],
    ['is a ping in pieces', Buffer.from([0x09, 1, 0])],
    [
      'is longer than anything',
      Buffer.from([0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ],
  ])('OB-2: a frame that %s ends it', (_, bytes) => {
    expect(readAll(bytes, 1)).toContain('broken ');
  });
});
