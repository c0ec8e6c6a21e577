/**
 * Makes management calls at the process that owns a store, over its control socket.
 *
 * @module
 */

import { HoldfastError, isHoldfastError, reviveError } from '../../machines/vocabulary/errors.ts';
import { nameOwner } from '../../persistence/owner/ownerNote.ts';
import type { Caller, ManagementCall } from '../management/managementCall.ts';
import { health } from '../management/store.ts';
import type { HealthStatus } from '../views/health.ts';
import { answerIn, CALL_PATH, type ControlAnswer, controlSocketPath } from './controlSocket.ts';
import { isForeignProtocol, requestAt, textOf } from './socketRequest.ts';

export { nameOwner };

const ANSWER_WITHIN_MS = 5_000;
/** Room for a page of operations with the largest answers. */
const ANSWER_BYTES_MAX = 256 * 1_048_576;

/**
 * Makes a call at the process that owns a store. `null` when nobody answers there: then nobody owns it,
 * or it can't be asked.
 *
 * @throws HoldfastError what the owner answered with; `HF_STORE_UNAVAILABLE` where it is silent, or of a
 * version that is not asked by HTTP; `HF_STORE_FOLDER` where another user may listen there: nothing was said.
 */
export async function askOwner<Params extends object, Result>(
  storeFolder: string,
  call: ManagementCall<Params, Result>,
  params: Params,
  answerWithinMs: number = ANSWER_WITHIN_MS,
): Promise<{ readonly result: Awaited<Result> } | null> {
  const answer = await askByName(storeFolder, { name: call.name, params }, answerWithinMs);
  return answer as { readonly result: Awaited<Result> } | null;
}

/**
 * Makes the call of this name at the process that owns a store.
 *
 * @throws HoldfastError (rejects) as {@link askOwner}; `HF_STORE_UNAVAILABLE`, too, where nobody answers.
 */
export async function callOwner(
  storeFolder: string,
  name: string,
  params: object,
): Promise<unknown> {
  const answer = await askByName(storeFolder, { name, params }, ANSWER_WITHIN_MS);
  if (answer === null) throw nobodyThere(storeFolder);
  return answer.result;
}

async function askByName(
  storeFolder: string,
  call: { readonly name: string; readonly params: object },
  answerWithinMs: number,
): Promise<{ readonly result: unknown } | null> {
  const path = controlSocketPath(storeFolder);
  if (path === null) return null;
  const answer = await exchange(path, call, answerWithinMs);
  if (answer === 'nobody') return null;
  if (answer === 'foreign') throw otherProtocol(storeFolder);
  if (answer === 'silent') {
    // An owner that does not answer `health` is silent: asking it again would tell nothing.
    const said = call.name === health.name ? null : await healthOf(path, answerWithinMs);
    throw unanswered(storeFolder, answerWithinMs, said);
  }
  if ('error' in answer) throw reviveError(answer.error);
  return { result: answer.result };
}

/** A caller that carries calls to the owner of the store. */
export function ownersCalls(storeFolder: string): Caller {
  return {
    async call<Params extends object, Result>(
      call: ManagementCall<Params, Result>,
      params: Params,
    ): Promise<Awaited<Result>> {
      const answer = await askOwner(storeFolder, call, params);
      if (answer === null) throw ownerGone(storeFolder);
      return answer.result;
    },
  };
}

/** `silent` where the owner takes the request and says nothing in time; `foreign` where it speaks no HTTP. */
type Silence = 'nobody' | 'silent' | 'foreign';

async function exchange(
  socketPath: string,
  { name, params }: { readonly name: string; readonly params: object },
  answerWithinMs: number,
): Promise<ControlAnswer | Silence> {
  let isLate = false;
  try {
    const body = JSON.stringify(params);
    const request = requestAt({
      socketPath,
      method: 'POST',
      path: `${CALL_PATH}${name}`,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    if (request === null) return 'nobody';
    const said = await new Promise<string | null>((resolve, reject) => {
      request.setTimeout(answerWithinMs, () => {
        isLate = true;
        request.destroy();
      });
      request.on('error', reject);
      request.on('response', (response) => {
        textOf(response, ANSWER_BYTES_MAX).then(resolve, reject);
      });
      request.end(body);
    });
    return (said === null ? null : answerIn(said)) ?? 'foreign';
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    if (isLate) return 'silent';
    return isForeignProtocol(error) ? 'foreign' : 'nobody';
  }
}

async function healthOf(path: string, answerWithinMs: number): Promise<HealthStatus | null> {
  const answer = await exchange(path, { name: health.name, params: {} }, answerWithinMs);
  return typeof answer === 'object' && 'result' in answer ? (answer.result as HealthStatus) : null;
}

/**
 * The error for a call without an answer. Where the owner answers other calls, its health may say why this one does
 * not end.
 */
function unanswered(path: string, withinMs: number, said: HealthStatus | null): HoldfastError {
  const owner = `The store in ${path} is in use by ${nameOwner(path)}, which`;
  const within = `within ${withinMs / 1_000} s`;
  const why = said?.reasons.join('; ') ?? '';
  const message =
    said === null
      ? `${owner} does not answer ${within}: it is stopped, or busy. Let it go on, or end it; the store ` +
        'is free as soon as it ends.'
      : `${owner} answers, but has not ended this call ${within}. ` +
        (why === '' ? 'Ask again later.' : `It says of itself: ${why}.`) +
        ' holdfast doctor --deep tells whether the store is damaged.';
  return new HoldfastError('HF_STORE_UNAVAILABLE', message, { path, retry: 'later' });
}

function otherProtocol(path: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The store in ${path} is in use by ${nameOwner(path)}, which is of a version of holdfast that this ` +
      'command can not ask. Use the command line of its version, or end it.',
    { path },
  );
}

function nobodyThere(path: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `No process runs on the store in ${path}, so there is nobody to be asked. Start one, and ask again.`,
    { path, retry: 'later' },
  );
}

function ownerGone(path: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The process that owned the store in ${path} has gone. Run the command again: it goes on where it was.`,
    { path, retry: 'later' },
  );
}
