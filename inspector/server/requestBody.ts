/**
 * The body of a request, within bounds.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import { Refusal } from './replies.ts';

/** More than any order needs. */
const BODY_BYTES_MAX = 16_384;

/** Of one that is not wanted so much is passed over, for who still writes does not read an answer. */
const PASSED_OVER_BYTES_MAX = 262_144;

/** The text of a body; a refusal for one that is too large, as soon as that is known. */
export async function readBody(request: IncomingMessage): Promise<string | Refusal> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  return await new Promise<string | Refusal>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= BODY_BYTES_MAX) return;
      request.off('data', take);
      resolve(tooLarge());
    };
    request.on('data', take);
    request.once('end', () => {
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    request.once('error', reject);
    request.once('close', () => {
      reject(new Error('its caller has left'));
    });
  });
}

/** Reads on without a use, for a while: whoever sends without an end is no reason to be busy. */
export function passOver(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > PASSED_OVER_BYTES_MAX) request.socket.destroy();
  });
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
