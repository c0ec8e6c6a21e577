/**
 * Hands a crisis to the thread by which the owner of a store answers outside callers; it answers whatever the
 * owner's event loop does.
 *
 * @module
 */

import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Json } from '../../machines/vocabulary/json.ts';
import { isObject } from '../../machines/vocabulary/optionRules.ts';
import type { CrisisTold } from './lineProtocol.ts';

/** Longer than an answer may wait for it: what was handed over is kept there all the same. */
const WITHIN_MS = 5_000;

/** What it answers; `null` where nobody is there, or what answers is none of ours. */
export async function askOutside(
  socketPath: string,
  id: string,
  crisis: Json,
): Promise<CrisisTold | null> {
  const body = JSON.stringify(crisis);
  try {
    const said = await new Promise<string>((resolve, reject) => {
      const request = httpRequest({
        socketPath,
        method: 'POST',
        path: `/crisis?operationId=${id}`,
        agent: false,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      });
      request.setTimeout(WITHIN_MS, () => {
        request.destroy();
      });
      request.on('error', reject);
      request.on('response', (response) => {
        text(response).then(resolve, reject);
      });
      request.end(body);
    });
    const answer: unknown = JSON.parse(said);
    const isAnswer = isObject(answer) && 'plan' in answer && 'message' in answer;
    return isAnswer ? (answer as unknown as CrisisTold) : null;
  } catch {
    return null;
  }
}
