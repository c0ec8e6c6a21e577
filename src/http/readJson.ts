/**
 * Reads bodies of HTTP answers within a bound.
 *
 * @module
 */

import type { AttemptEnd } from '../../actors/port.ts';
import { permanentFailure, unknownOutcome } from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { Answer } from './answer.ts';

/** A body of a refusal is read to its end up to this size, so that the connection can be used again. */
const DRAINED_BYTES_MAX = 65_536;
/** The most bytes of a refusal that are kept. */
const KEPT_BYTES_MAX = 16_384;
/** The longest wait for the body of a refusal. */
const BODY_START_MS = 1_000;

/**
 * Reads the body of a successful answer. `undefined` when it is empty or not JSON.
 *
 * @throws AttemptFailure `HF_RESPONSE_TOO_LARGE` (permanent: it would be as large again), or of
 * unknown outcome when the answer can't be what the upstream said.
 */
export async function readJson(response: Answer, bytesMax: number): Promise<Json | undefined> {
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
  if (!isJson(contentType)) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Json;
  } catch {
    // The cause is left out: its message quotes the body.
    throw unknownOutcome('The answer says that it is JSON and is not.', {
      status: response.status,
    });
  }
}

async function readAtMost(response: Answer, bytesMax: number): Promise<Uint8Array> {
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
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = (await reader?.read())?.value;
    if (chunk === undefined) break;
    length += chunk.length;
    if (length > bytesMax) {
      await reader?.cancel();
      throw tooLarge();
    }
    chunks.push(chunk);
  }
  const [first] = chunks;
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
}

/** Whether a media type is JSON, or a format in it such as problem details (RFC 9457). */
export function isJson(contentType: string): boolean {
  return /^(?:application|text)\/(?:[\w.+-]+\+)?json\b/i.test(contentType);
}

/** The beginning of a body. */
export interface BodyStart {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
}

/**
 * Reads the beginning of the body of a refusal, and takes the rest off the connection or gives that up. It
 * ends early, with what has come, where the body breaks off, takes more than a second (its attempt holds a
 * slot) or its attempt ends. Never throws: the status says what happened, whatever becomes of the body.
 *
 * A packed body is unpacked piece by piece as it is read, and no further: a few bytes of it may stand for any
 * number.
 */
export async function readBodyStart(
  response: Answer,
  { end, clock }: { readonly end: AttemptEnd; readonly clock: Clock },
): Promise<BodyStart> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  let isStopped = end.aborted;
  // Another `fetch` may have read it already.
  const reader = response.body?.locked === false ? response.body.getReader() : undefined;
  const stop = (): void => {
    isStopped = true;
    // The end of an abandoned body is of no interest.
    reader?.cancel().catch(() => undefined);
  };
  end.addEventListener('abort', stop);
  const cancelTimer = clock.schedule(BODY_START_MS, stop);
  try {
    while (length <= DRAINED_BYTES_MAX && !isStopped) {
      const part = await reader?.read();
      isWhole = part?.done ?? true;
      if (part?.value === undefined) break;
      if (length < KEPT_BYTES_MAX) chunks.push(part.value);
      length += part.value.length;
    }
  } catch {
    // Only what has arrived is kept.
  } finally {
    cancelTimer();
    end.removeEventListener('abort', stop);
  }
  isWhole &&= !isStopped;
  if (!isWhole) stop();
  const bytes = Buffer.concat(chunks).subarray(0, KEPT_BYTES_MAX);
  return { bytes, isWhole: isWhole && length <= KEPT_BYTES_MAX };
}
