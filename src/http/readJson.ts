/**
 * Reads bodies of HTTP answers within a bound, and discards those that nobody needs.
 *
 * @module
 */

import { permanentFailure, unknownOutcome } from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/json.ts';

/** A body of a refusal is read to its end up to this size, so that the connection can be used again. */
const DRAINED_BYTES_MAX = 65_536;

/**
 * Reads the body of a successful answer. `undefined` when it is empty or not JSON.
 *
 * @throws AttemptFailure `HF_RESPONSE_TOO_LARGE` (permanent: it would be as large again), or of
 * unknown outcome when the answer can't be what the upstream said.
 */
export async function readJson(response: Response, bytesMax: number): Promise<Json | undefined> {
  const contentType = response.headers.get('content-type') ?? '';
  const bytes = await readAtMost(response, bytesMax);
  if (bytes.length === 0) return undefined;
  if (/^text\/html\b/i.test(contentType)) {
    // A login page of a hotel network also answers 200. Taking that for the upstream's word would
    // lose the operation; asking again under the same key costs one request.
    throw unknownOutcome('A web page came where JSON was asked for; a proxy may have answered.', {
      status: response.status,
    });
  }
  if (!/^(?:application|text)\/(?:[\w.+-]+\+)?json\b/i.test(contentType)) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Json;
  } catch {
    // The cause is left out: its message quotes the body.
    throw unknownOutcome('The answer says that it is JSON and is not.', {
      status: response.status,
    });
  }
}

async function readAtMost(response: Response, bytesMax: number): Promise<Uint8Array> {
  const tooLarge = (): Error =>
    permanentFailure(
      `The upstream accepted the request, but its answer has more than ${bytesMax} bytes. ` +
        'Raise responseBytesMax, or have it answer with less.',
      { code: 'HF_RESPONSE_TOO_LARGE', status: response.status },
    );
  if (Number(response.headers.get('content-length') ?? 0) > bytesMax) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  // The declared length counts packed bytes; what is counted here is what memory holds.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    // Leaving the loop cancels the body.
    if (length > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Takes a body that nobody needs off the connection, or gives the connection up. Never throws.
 *
 * A packed body is given up unread: what it unpacks to has no bound that its length would tell.
 */
export async function discardBody(response: Response): Promise<void> {
  const { body, headers } = response;
  try {
    const isPlain = (headers.get('content-encoding') ?? 'identity') === 'identity';
    const declared = Number(headers.get('content-length') ?? Number.NaN);
    if (isPlain && declared <= DRAINED_BYTES_MAX) await response.arrayBuffer();
    else await body?.cancel();
  } catch {
    // The status says what happened; a body that breaks off adds nothing.
  }
}
