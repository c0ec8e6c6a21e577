/**
 * Signed notes (C2SP signed-note) with Ed25519: text, a blank line, and signatures, each a line. Keys are written as
 * that specification says, so that its other tools read them.
 *
 * @module
 */

import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

const ED25519 = 1;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const SIGNATURE_BYTES = 64;
/** The heads of a key in PKCS #8 and SPKI, behind which its 32 bytes follow (RFC 8410). */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** Names hold neither a space nor a plus sign. */
const NAME = /^[!-*,-~]+$/;
const SIGNATURE_LINE = /^\u2014 ([!-*,-~]+) ([A-Za-z0-9+/]+={0,2})$/;

/** The public key of `seed` under `name`: `name+key id+base64(0x01 ‖ key)`. */
export function noteKeyOf(name: string, seed: Uint8Array): string {
  const key = publicBytes(seed);
  return `${name}+${keyId(name, key).toString('hex')}+${typed(key).toString('base64')}`;
}

/** Signs `text`, which ends with a line end, and returns the note. */
export function signNote(name: string, text: string, seed: Uint8Array): string {
  const id = keyId(name, publicBytes(seed));
  const signature = sign(null, Buffer.from(text), privateKey(seed));
  return `${text}\n\u2014 ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/**
 * The text of a note that carries a signature by `noteKey`; signatures by others are passed over.
 *
 * @throws HoldfastError `HF_RECORD_MALFORMED` for what is no note, `HF_KEY_INVALID` for what is no key,
 * `HF_KEY_WRONG` without a signature by this key, `HF_RECORD_TAMPERED` where its signature does not fit the text.
 */
export function openNote(note: string, noteKey: string): string {
  const { name, id, key } = readKey(noteKey);
  const { text, signatures } = readNote(note);
  let isSigned = false;
  for (const { signer, bytes } of signatures) {
    if (signer !== name || !bytes.subarray(0, KEY_ID_BYTES).equals(id)) continue;
    const signature = bytes.subarray(KEY_ID_BYTES);
    const fits =
      signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(text), key, signature);
    if (!fits) {
      throw new HoldfastError(
        'HF_RECORD_TAMPERED',
        'The signature of the checkpoint does not fit: it was changed after it was signed.',
      );
    }
    isSigned = true;
  }
  if (isSigned) return text;
  throw new HoldfastError('HF_KEY_WRONG', 'The checkpoint is not signed by this public key.');
}

interface NoteSignature {
  readonly signer: string;
  /** The id of the key, and the signature. */
  readonly bytes: Buffer;
}

/**
 * The text of a note and its signatures, of which none is checked.
 *
 * @throws HoldfastError `HF_RECORD_MALFORMED` for what is no note.
 */
export function readNote(note: string): {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
} {
  const at = note.lastIndexOf('\n\n');
  const lines = note.slice(at + 2).split('\n');
  if (at < 1 || lines.length < 2 || lines.pop() !== '') throw malformed('it is no signed note');
  const signatures = lines.map((line) => {
    const [, signer, base64 = ''] = SIGNATURE_LINE.exec(line) ?? [];
    const bytes = decodeBase64(base64);
    if (signer === undefined || bytes === null || bytes.length <= KEY_ID_BYTES) {
      throw malformed('a line of its signatures is malformed');
    }
    return { signer, bytes };
  });
  return { text: note.slice(0, at + 1), signatures };
}

/** Reads a public key. @throws HoldfastError `HF_KEY_INVALID` */
function readKey(noteKey: string): {
  readonly name: string;
  readonly id: Buffer;
  readonly key: ReturnType<typeof createPublicKey>;
} {
  // Base64 may hold plus signs; names hold none.
  const [, name = '', hex = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(noteKey) ?? [];
  const bytes = decodeBase64(base64);
  const id = Buffer.from(hex, 'hex');
  const isKey = NAME.test(name) && bytes?.length === KEY_BYTES + 1 && bytes[0] === ED25519;
  if (!isKey || !keyId(name, bytes.subarray(1)).equals(id)) {
    throw new HoldfastError('HF_KEY_INVALID', 'Not the public key of an audit log.');
  }
  const der = Buffer.concat([PUBLIC_HEAD, bytes.subarray(1)]);
  return { name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** The bytes of base64 in its one canonical form; `null` for anything else. */
export function decodeBase64(base64: string): Buffer | null {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : null;
}

export function malformed(why: string): HoldfastError {
  return new HoldfastError('HF_RECORD_MALFORMED', `Not a checkpoint of an audit log: ${why}.`);
}

function keyId(name: string, key: Uint8Array): Buffer {
  const hash = createHash('sha256').update(`${name}\n`).update(typed(key)).digest();
  return hash.subarray(0, KEY_ID_BYTES);
}

function typed(key: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(ED25519), key]);
}

function privateKey(seed: Uint8Array): ReturnType<typeof createPrivateKey> {
  if (seed.length !== KEY_BYTES) {
    throw new HoldfastError('HF_INTERNAL', `The seed of a signing key has ${KEY_BYTES} bytes.`);
  }
  const der = Buffer.concat([PRIVATE_HEAD, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

function publicBytes(seed: Uint8Array): Buffer {
  const der = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' });
  return der.subarray(PUBLIC_HEAD.length);
}
