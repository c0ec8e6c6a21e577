/**
 * Opens a line to the owner of a store; failures come as a reason for the viewer.
 *
 * @module
 */

import type { Duplex } from 'node:stream';
import { isHoldfastError, type PlainError } from '../../machines/vocabulary/errors.ts';
import { nameOwner } from '../../persistence/owner/ownerNote.ts';
import { answerIn } from '../control/controlSocket.ts';
import { askUpgrade } from '../control/upgradeRequest.ts';
import { INSPECT_PATH, INSPECT_PROTOCOL } from './inspectProtocol.ts';

/** How long to wait for an owner, whose event loop may be blocked for a moment. */
const LINE_WITHIN_MS = 5_000;

export type InspectAnswer =
  | { readonly socket: Duplex; readonly head: Buffer }
  /** Why there is no line; `isSettled` where only another process can change that. */
  | { readonly reason: string; readonly isSettled: boolean };

export async function openInspectLine(
  storeFolder: string,
  socketPath: string,
  signal: AbortSignal,
): Promise<InspectAnswer> {
  const answer = await askUpgrade({
    ...{ socketPath, signal, path: INSPECT_PATH, protocol: INSPECT_PROTOCOL },
    withinMs: LINE_WITHIN_MS,
  }).catch((error: unknown) => {
    if (isHoldfastError(error)) return error;
    throw error;
  });
  if (isHoldfastError(answer)) return { reason: answer.message, isSettled: true };
  if (answer === 'nobody') return { reason: NOBODY, isSettled: false };
  if (answer === 'forbidden') return { reason: FORBIDDEN, isSettled: true };
  if (answer === 'silent') {
    return { reason: silent(storeFolder), isSettled: false };
  }
  if (answer === 'foreign') return { reason: ofOtherVersion(storeFolder), isSettled: true };
  if ('refusal' in answer) {
    const error = errorOf(answer.refusal);
    // An owner without inspectors answers that there is no such path.
    const isOther = error === null || error.code === 'HF_OPTION_INVALID';
    return { reason: isOther ? ofOtherVersion(storeFolder) : error.message, isSettled: true };
  }
  const { socket, head } = answer.upgraded;
  return { socket, head };
}

/** The reason where no process runs. */
export const NOBODY = 'no process runs on the store';

/** The reason where a process may run that this user may not watch. */
const FORBIDDEN =
  'the process that runs the store is of another user: watch it as that one, who alone may open its socket';

/** The reason where the owner does not answer. */
export function silent(storeFolder: string): string {
  return `${nameOwner(storeFolder)} does not answer: it is stopped, or its event loop is blocked`;
}

function ofOtherVersion(storeFolder: string): string {
  return `${nameOwner(storeFolder)} is of a version of holdfast that this one can not watch`;
}

function errorOf(refusal: string): PlainError | null {
  const answer = answerIn(refusal);
  return answer !== null && 'error' in answer ? answer.error : null;
}
