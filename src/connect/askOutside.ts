/**
 * Hands a crisis to the thread with which the owner of a store answers outside callers, even while the owner's event
 * loop is blocked.
 *
 * @module
 */

import type { Json } from '../../machines/vocabulary/json.ts';
import { requestAt, textOf } from '../control/socketRequest.ts';
import { type CrisisTold, isCrisisTold } from './lineProtocol.ts';

/** The time-out. It is longer than an answer waits, since the thread keeps the crisis all the same. */
const WITHIN_MS = 5_000;
/** Room for a plan, the help lines, and the resources of the app. */
const ANSWER_BYTES_MAX = 4 * 1_048_576;

/** The answer of the thread; `null` where nobody listens, another user may listen, or the answer is not holdfast's. */
export async function askOutside(
  socketPath: string,
  id: string,
  crisis: Json,
): Promise<CrisisTold | null> {
  const body = JSON.stringify(crisis);
  try {
    const request = requestAt({
      socketPath,
      method: 'POST',
      path: `/crisis?operationId=${id}`,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    if (request === null) return null;
    const said = await new Promise<string | null>((resolve, reject) => {
      request.setTimeout(WITHIN_MS, () => {
        request.destroy();
      });
      request.on('error', reject);
      request.on('response', (response) => {
        textOf(response, ANSWER_BYTES_MAX).then(resolve, reject);
      });
      request.end(body);
    });
    const answer: unknown = said === null ? null : JSON.parse(said);
    return isCrisisTold(answer) ? answer : null;
  } catch {
    return null;
  }
}
