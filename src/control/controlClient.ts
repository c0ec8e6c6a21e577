import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { HoldfastError, isHoldfastError, reviveError } from '../../machines/vocabulary/errors.ts';
import { nameOwner } from '../../persistence/ownerNote.ts';
import {
  type ControlMethods,
  type ControlRequest,
  type ControlResponse,
  controlSocketPath,
} from './controlSocket.ts';

const ANSWER_WITHIN_MS = 5_000;

/**
 * Asks the process that owns a store. `null` when nobody answers there: then nobody owns it, or it
 * can't be asked.
 *
 * @throws HoldfastError what the owner answered with.
 */
export async function askOwner<Method extends keyof ControlMethods>(
  storeFolder: string,
  request: { readonly method: Method; readonly params: ControlMethods[Method]['params'] },
): Promise<ControlMethods[Method]['result'] | null> {
  const path = controlSocketPath(storeFolder);
  if (path === null) return null;
  try {
    const answer = await exchange(path, request as ControlRequest, storeFolder);
    if (answer.ok) return answer.result as ControlMethods[Method]['result'];
    throw reviveError(answer.error);
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    return null;
  }
}

async function exchange(
  path: string,
  request: ControlRequest,
  storeFolder: string,
): Promise<ControlResponse> {
  const socket = connect(path);
  socket.setTimeout(ANSWER_WITHIN_MS, () => {
    socket.destroy(
      new HoldfastError(
        'HF_STORE_UNAVAILABLE',
        `The store in ${storeFolder} is in use by ${nameOwner(storeFolder)}, which does not answer ` +
          'within 5 s: it is stopped, or busy. Let it go on, or end it; the store is free as soon as it ends.',
        { path: storeFolder, retry: 'later' },
      ),
    );
  });
  socket.end(`${JSON.stringify(request)}\n`);
  return JSON.parse(await text(socket)) as ControlResponse;
}
