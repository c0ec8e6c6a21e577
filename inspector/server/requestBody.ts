/**
 * Reads the body of a request, within bounds.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import { Refusal } from './replies.ts';

/** More than any order needs. */
const BODY_BYTES_MAX = 16_384;

/** Bytes of an unwanted body that are read and dropped, since a client reads no answer while it writes. */
const PASSED_OVER_BYTES_MAX = 262_144;

/** The text of a body; throws a refusal as soon as it is known to be too large. */
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

/** Drops the rest of a body, up to a bound: an endless one may not keep the server busy. */
export function passOver(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > PASSED_OVER_BYTES_MAX) request.socket.destroy();
  });
}

/** Whether a request has a body; where its method allows none, the bytes could be taken for another request. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

function tooLarge(): Refusal {
  return new Refusal(413, `A body must have at most ${BODY_BYTES_MAX} bytes.`, {
    code: 'HF_PAYLOAD_TOO_LARGE',
  });
}
