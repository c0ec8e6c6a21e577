/**
 * Reads a record that edits are merged with (CF-6): its present value and validator.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import {
  AttemptFailure,
  permanentFailure,
  transientFailure,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Current } from '../../machines/vocabulary/record.ts';
import { abortable, noAnswer, refusalOf } from './failures.ts';
import { splitMeta } from './metaField.ts';
import { readBodyStart, readJson } from './readJson.ts';
import { versionOf } from './validators.ts';

/** How a record is read. */
export interface Reading {
  readonly fetch: (
    url: URL,
    init: RequestInit & { readonly signal: AbortSignal },
  ) => Promise<Response>;
  readonly url: URL;
  readonly headers: Headers;
  readonly signal: AbortSignal;
  readonly bytesMax: number;
  readonly metaField: string | undefined;
}

/** The reads of a record that has only a date as its validator and changes all the time. */
const READS_MAX = 3;
/** The pause between reads, in which a date can't tell one change from the next. */
const BETWEEN_READS_MS = 1_000;

/** Reads what the upstream holds; `null` where it has no such record. */
export async function readRecord(reading: Reading): Promise<Current | null> {
  for (let reads = 1; reads <= READS_MAX; reads += 1) {
    const found = await readOnce(reading);
    if (found !== 'tooFresh') return found;
    if (reads < READS_MAX) await pause(reading.signal);
  }
  throw transientFailure(
    'The upstream tells versions apart by dates alone, and the record is changed every second.',
    { notApplied: true, retryAfterMs: BETWEEN_READS_MS },
  );
}

async function readOnce(reading: Reading): Promise<Current | null | 'tooFresh'> {
  const { url, headers, signal, bytesMax, metaField } = reading;
  try {
    const response = await reading.fetch(url, {
      method: 'GET',
      headers,
      redirect: 'manual',
      signal,
    });
    if (!response.ok) {
      await readBodyStart(response, signal);
      if (response.status === 404 || response.status === 410) return null;
      throw refusalOf(response, { notApplied: true });
    }
    const body = await readJson(response, bytesMax);
    if (body === undefined) throw notJson(response.status);
    const version = versionOf(response.headers);
    if (version === null) throw noValidator(response.status);
    if (version === 'tooFresh') return version;
    return { ...version, ...splitMeta(body, metaField) };
  } catch (error) {
    throw harmless(error, signal);
  }
}

/** The error of a read, without an unknown outcome: a read applies nothing. */
function harmless(error: unknown, signal: AbortSignal): Error {
  if (!(error instanceof AttemptFailure)) return noAnswer(error, signal, true);
  if (error.code === 'HF_RESPONSE_TOO_LARGE') {
    return permanentFailure(
      'The record that the upstream holds is larger than responseBytesMax of httpHandler: the edit can not be merged with it. Raise that, and retry the edit.',
      { code: error.code, status: error.status },
    );
  }
  if (error.failureClass !== 'unknownOutcome' && error.failureClass !== 'conflict') return error;
  const { message, code, status, cause } = error;
  return transientFailure(message, { code, status, cause, notApplied: true });
}

async function pause(signal: AbortSignal): Promise<void> {
  let cancel = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    cancel = systemClock.schedule(BETWEEN_READS_MS, resolve);
  });
  try {
    await abortable(over, signal);
  } finally {
    cancel();
  }
}

function notJson(status: number): AttemptFailure {
  return permanentFailure(
    'The upstream answered a read of the record, and not with JSON. Have it answer GET with the record, or give conflicts.fetchCurrent.',
    { status },
  );
}

function noValidator(status: number): AttemptFailure {
  return permanentFailure(
    'The upstream sent the record without a validator, so no edit can be held to its version. Have it send ETag (or Last-Modified, with Date), or give conflicts.fetchCurrent.',
    { status },
  );
}
