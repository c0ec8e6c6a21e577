/**
 * Checkpoints of an audit log (C2SP tlog-checkpoint): its size and the root of its tree, signed, to be kept where
 * nobody who writes to the store can change them.
 *
 * @module
 */

import { decodeBase64, malformed, noteKeyOf, openNote, readNote, signNote } from './signedNote.ts';

/** Number of entries of a log, and the root of their tree. */
export interface Checkpoint {
  readonly storeId: string;
  readonly size: number;
  readonly root: Uint8Array;
}

const ROOT_BYTES = 32;
/** Lines after the root are extensions, which are signed and passed over. */
const BODY = /^holdfast\/([0-9a-f]{32})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]+=)\n(?:.+\n)*$/;

function originOf(storeId: string): string {
  return `holdfast/${storeId}`;
}

/** Signs a checkpoint with the key of a 32-byte seed; the same input gives the same text. */
export function signCheckpoint({ storeId, size, root }: Checkpoint, seed: Uint8Array): string {
  const origin = originOf(storeId);
  return signNote(origin, `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`, seed);
}

/** The public key of a log's checkpoints, in the text form of C2SP signed notes (vkey). */
export function publicKeyOf(storeId: string, seed: Uint8Array): string {
  return noteKeyOf(originOf(storeId), seed);
}

/**
 * Reads a checkpoint that `publicKey` has signed.
 *
 * @throws HoldfastError `HF_RECORD_MALFORMED` for what is no checkpoint, `HF_KEY_INVALID` for what is no public key,
 * `HF_KEY_WRONG` where another key has signed it, `HF_RECORD_TAMPERED` where the signature does not fit.
 */
export function openCheckpoint(text: string, publicKey: string): Checkpoint {
  const checkpoint = checkpointIn(openNote(text, publicKey));
  if (publicKey.startsWith(`${originOf(checkpoint.storeId)}+`)) return checkpoint;
  throw malformed('it was signed by another log than the one that it names');
}

/**
 * Reads a checkpoint without a look at its signature: for one whose keeper is trusted.
 *
 * @throws HoldfastError `HF_RECORD_MALFORMED` for what is no checkpoint.
 */
export function readCheckpoint(text: string): Checkpoint {
  return checkpointIn(readNote(text).text);
}

function checkpointIn(body: string): Checkpoint {
  const [, storeId, size, base64 = ''] = BODY.exec(body) ?? [];
  const root = decodeBase64(base64);
  if (storeId === undefined || !Number.isSafeInteger(Number(size)) || root?.length !== ROOT_BYTES) {
    throw malformed('it does not say the size and root of a log');
  }
  return { storeId, size: Number(size), root };
}
