/**
 * The body of a request, within bounds.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import { Refusal } from './replies.ts';

/** More than any order needs. */
const BODY_BYTES_MAX = 16_384;

/** The text of a body; a refusal for one that is too large, of which nothing is kept. */
export async function readBody(request: IncomingMessage): Promise<string | Refusal> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  // One that is too large is read on all the same: who still writes does not read an answer.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) chunks = [];
    else chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? tooLarge() : Buffer.concat(chunks).toString('utf8');
}

/** A request of a method that has none must have none: what follows it would be taken for another request. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

function tooLarge(): Refusal {
  return new Refusal(413, `A body must have at most ${BODY_BYTES_MAX} bytes.`, {
    code: 'HF_PAYLOAD_TOO_LARGE',
  });
}
