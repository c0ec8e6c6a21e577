/**
 * A handler as apps write their own: it calls `fetch`, says what an answer means, and ignores its signal, so that it
 * goes on after its attempt is given up (OP-3). Some of its calls never return.
 *
 * @module
 */

import type { Attempt, Run } from '../../../actors/port.ts';
import {
  AttemptFailure,
  classifyStatus,
  unknownOutcome,
} from '../../../machines/policy/retry/classifyFailure.ts';
import { type Network, send } from '../../http/send.ts';
import { SUBJECT_HEADER } from './simulatedUpstream.ts';

/** Most calls of one process that never return: fewer than there are slots. */
const SILENT_MAX = 2;

export function deafHandler(network: Network, baseUrl: string): Run {
  let silent = 0;
  return async (attempt: Attempt) => {
    const url = new URL(`${baseUrl}/${attempt.type.replaceAll('.', '/')}`);
    const headers = new Headers({
      'idempotency-key': attempt.idempotencyKey,
      'holdfast-attempt': String(attempt.number),
      [SUBJECT_HEADER]: attempt.subject,
    });
    // Each call listens to a signal of its own, which never aborts.
    const { signal } = new AbortController();
    const init = {
      ...{ method: 'POST', headers, body: 'null', signal },
      redirect: 'manual',
    } as const;
    const isCrisis = attempt.priority === 'crisis';
    const sentFor = isCrisis ? 'crisis' : 'ordinary';
    const {
      ok,
      status,
      headers: told,
    } = await send(network, url, init, sentFor).catch(async (error: unknown) => {
      // A call that is silent in a crisis would hold one of few slots for as long (CR-2).
      if (!attempt.signal.aborted || isCrisis || silent >= SILENT_MAX) throw error;
      silent += 1;
      return await new Promise<never>(() => undefined);
    });
    if (ok && told.get('content-type') === 'application/json') return null;
    if (ok) throw unknownOutcome('A page came, and no answer.', { status });
    const seconds = Number(told.get('retry-after') ?? '');
    const retryAfterMs = Number.isInteger(seconds) ? seconds * 1_000 : undefined;
    const failureClass = classifyStatus(status);
    throw new AttemptFailure(failureClass, `It answered ${status}.`, { status, retryAfterMs });
  };
}
