/**
 * Hands a crisis to the thread by which the owner of a store answers outside callers; it answers whatever the
 * owner's event loop does.
 *
 * @module
 */

import type { Json } from '../../machines/vocabulary/json.ts';
import { requestAt, textOf } from '../control/socketRequest.ts';
import { type CrisisTold, isCrisisTold } from './lineProtocol.ts';

/** Longer than an answer may wait for it: what was handed over is kept there all the same. */
const WITHIN_MS = 5_000;
/** A plan, the help lines, and what the app shows beside them. */
const ANSWER_BYTES_MAX = 4 * 1_048_576;

/** What it answers; `null` where nobody is there, another user may listen there, or what answers is none of ours. */
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
