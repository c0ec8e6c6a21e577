import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { HoldfastError, isHoldfastError, reviveError } from '../../machines/vocabulary/errors.ts';
import { nameOwner } from '../../persistence/owner/ownerNote.ts';
import type { HealthStatus } from '../views/health.ts';
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
  answerWithinMs: number = ANSWER_WITHIN_MS,
): Promise<ControlMethods[Method]['result'] | null> {
  const path = controlSocketPath(storeFolder);
  if (path === null) return null;
  try {
    const answer = await exchange(path, request as ControlRequest, answerWithinMs);
    if (answer === 'none') {
      // One that was asked for its health has shown already that it is silent.
      const health = request.method === 'health' ? null : await healthOf(path, answerWithinMs);
      throw unanswered(storeFolder, answerWithinMs, health);
    }
    if (answer.ok) return answer.result as ControlMethods[Method]['result'];
    throw reviveError(answer.error);
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    return null;
  }
}

/** One line each way; `none` where the owner takes the request and says nothing in time. */
async function exchange(
  path: string,
  request: ControlRequest,
  answerWithinMs: number,
): Promise<ControlResponse | 'none'> {
  const socket = connect(path);
  let isLate = false;
  socket.setTimeout(answerWithinMs, () => {
    isLate = true;
    socket.destroy();
  });
  socket.end(`${JSON.stringify(request)}\n`);
  try {
    return JSON.parse(await text(socket)) as ControlResponse;
  } catch (error) {
    if (isLate) return 'none';
    throw error;
  }
}

async function healthOf(path: string, answerWithinMs: number): Promise<HealthStatus | null> {
  try {
    const answer = await exchange(path, { method: 'health', params: {} }, answerWithinMs);
    return answer !== 'none' && answer.ok ? (answer.result as HealthStatus) : null;
  } catch {
    return null;
  }
}

/** The owner is silent, or it answers and this call alone does not end: then its health may say why. */
function unanswered(path: string, withinMs: number, health: HealthStatus | null): HoldfastError {
  const owner = `The store in ${path} is in use by ${nameOwner(path)}, which`;
  const within = `within ${withinMs / 1_000} s`;
  const why = health?.reasons.join('; ') ?? '';
  const message =
    health === null
      ? `${owner} does not answer ${within}: it is stopped, or busy. Let it go on, or end it; the store ` +
        'is free as soon as it ends.'
      : `${owner} answers, but has not ended this call ${within}. ` +
        (why === '' ? 'Ask again later.' : `It says of itself: ${why}.`) +
        ' holdfast doctor --deep tells whether the store is damaged.';
  return new HoldfastError('HF_STORE_UNAVAILABLE', message, { path, retry: 'later' });
}
