/**
 * Encodes what a seal binds beside the text, so that no two lists of fields give the same bytes.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** A value a seal can bind: what an SQLite column can hold, safe integers for numbers. */
export type AssociatedField = Uint8Array | string | number | null;

const TAG_NULL = 0;
const TAG_BYTES = 1;
const TAG_TEXT = 2;
const TAG_INTEGER = 3;
const FIELD_HEAD_BYTES = 5;
const UTF8_BYTES_PER_UNIT_MAX = 3;

// One scratch buffer for all calls: encoding never gives way to other code.
let scratch = Buffer.alloc(1024);
let view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length);

/**
 * The number of fields (u16), then each as a tag byte and: text and bytes their length (u32) and
 * content, integers 8 bytes (IEEE 754, exact for safe integers), `null` nothing. All big endian.
 * Text is UTF-8; a lone surrogate becomes U+FFFD, as it does on its way into SQLite.
 *
 * @throws HoldfastError `HF_INTERNAL` for a number that is no safe integer or over 65535 fields.
 */
export function encodeAssociated(fields: readonly AssociatedField[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(viewAssociated(fields));
}

/** The bytes of {@link encodeAssociated} in a shared buffer, valid until the next call of either: for immediate use. */
export function viewAssociated(fields: readonly AssociatedField[]): Uint8Array<ArrayBuffer> {
  if (fields.length > 0xffff) throw new HoldfastError('HF_INTERNAL', 'Too many fields to bind.');
  view.setUint16(0, fields.length);
  let at = 2;
  for (const field of fields) {
    if (typeof field === 'string') {
      reserve(at, FIELD_HEAD_BYTES + field.length * UTF8_BYTES_PER_UNIT_MAX);
      const length = writeText(field, at + FIELD_HEAD_BYTES);
      scratch[at] = TAG_TEXT;
      view.setUint32(at + 1, length);
      at += FIELD_HEAD_BYTES + length;
    } else if (typeof field === 'number') {
      if (!Number.isSafeInteger(field)) {
        throw new HoldfastError('HF_INTERNAL', 'Only safe integers can be bound to a record.');
      }
      reserve(at, 9);
      scratch[at] = TAG_INTEGER;
      // Adding 0 makes -0 the 0 that SQLite will give back.
      view.setFloat64(at + 1, field + 0);
      at += 9;
    } else if (field === null) {
      reserve(at, 1);
      scratch[at] = TAG_NULL;
      at += 1;
    } else {
      reserve(at, FIELD_HEAD_BYTES + field.length);
      scratch[at] = TAG_BYTES;
      view.setUint32(at + 1, field.length);
      scratch.set(field, at + FIELD_HEAD_BYTES);
      at += FIELD_HEAD_BYTES + field.length;
    }
  }
  return new Uint8Array(scratch.buffer, scratch.byteOffset, at);
}

/** Writes UTF-8 and returns its length; byte by byte while it is ASCII, which is faster for ids. */
function writeText(text: string, start: number): number {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return scratch.write(text, start, 'utf8');
    scratch[start + index] = unit;
  }
  return text.length;
}

function reserve(at: number, length: number): void {
  if (at + length <= scratch.length) return;
  const larger = Buffer.alloc(2 * (at + length));
  larger.set(scratch.subarray(0, at));
  scratch = larger;
  view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length);
}
