import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AssociatedField } from '../../../persistence/sealing/associated.ts';
import { encodeAssociated, viewAssociated } from '../../../persistence/sealing/associated.ts';
import { hex } from './engineContract.ts';
import { thrownBy } from './failures.ts';

const fields = fc.array(
  fc.oneof(
    fc.constant(null),
    fc.maxSafeInteger().map((value) => value + 0),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.uint8Array({ maxLength: 8 }),
  ),
  { maxLength: 5 },
);

/** Reads the encoding back; that this can be done is what makes it unambiguous. */
function decode(encoded: Uint8Array): AssociatedField[] {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length);
  const out: AssociatedField[] = [];
  let at = 2;
  for (let left = view.getUint16(0); left > 0; left--) {
    const tag = view.getUint8(at++);
    if (tag === 0) {
      out.push(null);
    } else if (tag === 3) {
      out.push(view.getFloat64(at));
      at += 8;
    } else {
      const content = encoded.slice(at + 4, at + 4 + view.getUint32(at));
      at += 4 + content.length;
      out.push(tag === 1 ? content : new TextDecoder('utf-8', { fatal: true }).decode(content));
    }
  }
  expect(at).toBe(encoded.length);
  return out;
}

test('SE-1 no two lists of fields are bound as the same bytes', () => {
  fc.assert(
    fc.property(fields, (list) => {
      expect(decode(encodeAssociated(list))).toEqual(list);
    }),
  );
});

test('SE-1 fields that only look alike are told apart', () => {
  const lookalikes: AssociatedField[][] = [
    ['ab', 'c'],
    ['a', 'bc'],
    ['abc'],
    ['abc', null],
    ['abc', ''],
    [new TextEncoder().encode('abc')],
    ['1'],
    [1],
    [0],
    [null],
    [''],
    [],
  ];
  const encodings = new Set(lookalikes.map((list) => hex(encodeAssociated(list))));
  expect(encodings.size).toBe(lookalikes.length);
});

test('SE-1 long and non-ASCII fields are bound whole', () => {
  const long = 'é'.repeat(5_000);
  expect(decode(encodeAssociated(['a', long, new Uint8Array(9_000).fill(3), 4]))).toEqual([
    'a',
    long,
    new Uint8Array(9_000).fill(3),
    4,
  ]);
});

test('SE-1 an encoding stays as it was when the next is made', () => {
  const first = encodeAssociated(['first', 1]);
  const copy = first.slice();
  encodeAssociated(['other', 2, 'longer']);
  expect(first).toEqual(copy);
});

test('SE-1 minus zero is bound as the zero that SQLite gives back', () => {
  expect(encodeAssociated([-0])).toEqual(encodeAssociated([0]));
});

test('SE-1 the bytes of each kind of field are those that every store holds', () => {
  expect(hex(encodeAssociated([null, Uint8Array.of(7), 'aé', 1, -2]))).toBe(
    [
      '0005',
      '00',
      '01 00000001 07',
      '02 00000003 61c3a9',
      '03 3ff0000000000000',
      '03 c000000000000000',
    ]
      .join('')
      .replaceAll(' ', ''),
  );
  expect(hex(encodeAssociated([]))).toBe('0000');
  expect(hex(encodeAssociated(['\u007f\u0080\ud800']))).toBe(
    '0001 02 00000006 7f c280 efbfbd'.replaceAll(' ', ''),
  );
});

test('SE-1 as many fields as their number can tell are bound, and no more', () => {
  const most = new Array<null>(0xffff).fill(null);
  expect(encodeAssociated(most).length).toBe(2 + 0xffff);
  const error = thrownBy(() => encodeAssociated([...most, null]));
  expect(error).toMatchObject({ code: 'HF_INTERNAL', message: 'Too many fields to bind.' });
});

test('SE-1 what is set aside grows by the field, whatever its kind, and keeps what came before', () => {
  for (const field of ['a', 1, null, Uint8Array.of(5)] as const) {
    for (let count = 1; count < 1_200; count += 1) {
      const list = new Array<AssociatedField>(count).fill(field);
      if (count % 37 === 0 || count > 1_190) expect(decode(encodeAssociated(list))).toEqual(list);
    }
  }
  const text = 'x'.repeat(3_000);
  expect(decode(encodeAssociated([1, text, 2]))).toEqual([1, text, 2]);
});

test('SE-1 bytes that are longer than anything before are bound whole', () => {
  const bytes = new Uint8Array(200_000).fill(7);
  const encoded = encodeAssociated([1, bytes]);
  expect(encoded.length).toBe(2 + 9 + 5 + 200_000);
  expect(encoded.subarray(16).every((byte) => byte === 7)).toBe(true);
});

test('SE-1 a view is good until the next, and shares its memory', () => {
  const view = viewAssociated(['first', 1]);
  expect(view).toEqual(encodeAssociated(['first', 1]));
  const kept = viewAssociated(['first', 1]);
  viewAssociated(['other', 2]);
  expect(kept).toEqual(encodeAssociated(['other', 2]));
});

test('SE-1 numbers that are no safe integers are refused', () => {
  for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    const error = thrownBy(() => encodeAssociated([value]));
    expect(error.code).toBe('HF_INTERNAL');
    expect(error.message).toBe('Only safe integers can be bound to a record.');
  }
});
