/**
 * Chain of people who are notified of an undelivered crisis, as an app configures it (CR-5): its options, defaults
 * and checks.
 *
 * @module
 */

import { createHmac } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EscalationNotice, EscalationStep } from '../../actors/port.ts';
import {
  AttemptFailure,
  classifyStatus,
  networkFailureOf,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { RetryPolicy } from '../../machines/policy/retry/retryPolicy.ts';
import { className, HoldfastError, isUrl } from '../../machines/vocabulary/errors.ts';
import {
  checkFields,
  count,
  type OptionRules,
  requireOption,
  spanMs,
} from '../../machines/vocabulary/optionFields.ts';
import { parseUrl } from '../http/hostAddresses.ts';
import { readBodyStart } from '../http/readJson.ts';
import { type Network, notesHost, send, systemNetwork } from '../http/send.ts';

// Step of the chain that notifies by a webhook (CR-5): the notice as JSON, by POST. It holds nothing of what the
// person has sent; its reader opens that in a system with access control.

/** Webhook of a step. Any 2xx answer means that the person was notified; redirects are not followed. */
export interface Webhook {
  /** Address: `https://…`, or `http://` on this machine. */
  readonly url: string | URL;
  /**
   * More headers, such as `Authorization`, or a function that gives them for every call. They can't replace
   * `Idempotency-Key`.
   */
  readonly headers?:
    | Readonly<Record<string, string>>
    | ((
        notice: EscalationNotice,
      ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)
    | undefined;
  /** Secret of at least 16 characters that signs the body: `Holdfast-Signature: sha256=<hex>` is its HMAC-SHA-256. */
  readonly secret?: string | undefined;
}

/** Webhook whose options are checked. */
interface CheckedWebhook extends Pick<Webhook, 'headers' | 'secret'> {
  readonly url: URL;
}

const RULES: OptionRules<Webhook> = {
  url: {
    required: {
      matches: (url) => typeof url === 'string' || isUrl(url),
      rule: 'must be a URL',
    },
  },
  headers: { either: ['function', 'object'] },
  secret: {
    matches: (secret) => typeof secret === 'string' && secret.length >= 16,
    rule: 'must be a text of at least 16 characters',
  },
};

/** @throws HoldfastError `HF_OPTION_INVALID` naming the field. */
function checkWebhook(webhook: Webhook | undefined, field: string): CheckedWebhook {
  checkFields(webhook, RULES, field);
  const { url, headers, secret } = webhook as Webhook;
  const checked = { url: parseUrl(url, { name: `${field}.url` }), headers, secret };
  // An invalid header is found now and not in a crisis.
  if (typeof headers === 'object') withHeaders(new Headers(), headers, `${field}.headers`);
  return checked;
}

/** Makes the function that notifies by a webhook. */
export function webhookNotifier(
  webhook: Webhook | undefined,
  field: string,
  network: Network = systemNetwork,
): EscalationStep['notify'] {
  const { url, headers, secret } = checkWebhook(webhook, field);
  const notify: EscalationStep['notify'] = async (notice, { signal }) => {
    const body = JSON.stringify(notice);
    const more = typeof headers === 'function' ? await headers(notice) : (headers ?? {});
    // No compression: to decompress an answer takes a thread of the pool, which others may occupy (CR-2).
    const all = new Headers({
      accept: '*/*',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
    });
    withHeaders(all, more, 'headers');
    all.set('idempotency-key', notice.idempotencyKey);
    if (secret !== undefined) {
      const signature = createHmac('sha256', secret).update(body).digest('hex');
      all.set('holdfast-signature', `sha256=${signature}`);
    }
    const sent = { method: 'POST', headers: all, body, redirect: 'manual', signal } as const;
    const sending = watchSending(notice.idempotencyKey);
    const response = await send(network, url, sent, 'crisis')
      .catch((error: unknown) => {
        throw notTold(error, sending.hasBegun());
      })
      .finally(sending.end);
    const { status, ok } = response;
    // Read so that the connection can be reused; the answer counts, whatever becomes of its body.
    await readBodyStart(response, { end: signal, clock: network.clock }).catch(() => undefined);
    if (!ok) throw refused(status);
  };
  return notesHost(notify, { host: url.hostname, network });
}

/** Adds headers. An error has no cause: its message quotes the value, which is often a secret. */
function withHeaders(
  headers: Headers,
  more: Readonly<Record<string, string>>,
  field: string,
): void {
  for (const [name, value] of Object.entries(more)) {
    try {
      headers.set(name, value);
    } catch {
      throw new HoldfastError('HF_OPTION_INVALID', `${field} has one that HTTP cannot carry.`, {
        field,
      });
    }
  }
}

/** Channel on which undici, which implements `fetch`, reports the first bytes of a request. */
const SENDING = 'undici:client:sendHeaders';

/** Watches whether anything of the request with this key was sent: a time limit alone does not tell. */
function watchSending(key: string): { hasBegun: () => boolean; end: () => void } {
  let hasBegun = false;
  const notice = (message: unknown): void => {
    const { headers } = (message ?? {}) as { readonly headers?: unknown };
    if (typeof headers === 'string' && headers.includes(key)) hasBegun = true;
  };
  subscribe(SENDING, notice);
  return {
    hasBegun: () => hasBegun,
    end: () => {
      unsubscribe(SENDING, notice);
    },
  };
}

function refused(status: number): AttemptFailure {
  const hint = status >= 300 && status < 400 ? ' Redirects are not followed.' : '';
  // A conflict counts as a refusal.
  const isForNow = classifyStatus(status) === 'transient';
  return new AttemptFailure(
    isForNow ? 'transient' : 'permanent',
    `The webhook answered ${status}.${hint}`,
    { status },
  );
}

/** Makes the error of a failed call. The message that `fetch` throws may name the address, which may hold a token. */
function notTold(error: unknown, hasBegun: boolean): AttemptFailure {
  const name = className(error);
  if (!hasBegun || networkFailureOf(error) === 'notSent') {
    return transientFailure(`The webhook could not be reached (${name}); nothing was sent.`, {
      code: 'HF_UPSTREAM_UNREACHABLE',
      notApplied: true,
    });
  }
  return unknownOutcome(`The webhook did not answer (${name}); the person may have been notified.`);
}

/** Number of calls of a step, and the waits between them. */
export interface EscalationRetry {
  /** Number of calls in all. Default 3. */
  readonly attemptsMax?: number | undefined;
  /** Wait after the first failed call, in milliseconds; up to as much again is added at random. Default 1 s. */
  readonly initialDelayMs?: number | undefined;
  /** Longest wait, before that addition, in milliseconds. Default 10 s. */
  readonly delayMsMax?: number | undefined;
  /** Factor by which each wait is longer than the one before. Default 2. */
  readonly multiplier?: number | undefined;
}

/**
 * Step of the chain: a callback or a webhook.
 *
 * @example
 * const escalation: EscalationStepOptions[] = [
 *   { name: 'on-call', webhook: { url: 'https://pager.example/alarm', secret }, acknowledgeWithinMs: 120_000 },
 *   { name: 'clinician', notify: async ({ operationId, subject }, { signal }) => callClinician(subject, signal) },
 * ];
 */
export interface EscalationStepOptions {
  /** Name of the step: letters, digits, `-` and `_`. It identifies the step, so it is unique and must not change. */
  readonly name: string;
  /**
   * Notifies a person; may be asynchronous. They count as notified once what it returns has resolved; a call that
   * throws is repeated. After a kill of the process it may be called twice for one crisis, with the same
   * `notice.idempotencyKey`.
   */
  readonly notify?:
    | ((notice: EscalationNotice, how: { readonly signal: AbortSignal }) => unknown)
    | undefined;
  /** Webhook in place of `notify`: the notice is sent there as JSON, by POST. */
  readonly webhook?: Webhook | undefined;
  /** Time limit of a call, in milliseconds. Default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** Time for a notified person to take the crisis on, before the next step is notified. Default 5 min. */
  readonly acknowledgeWithinMs?: number | undefined;
  readonly retry?: EscalationRetry | undefined;
}

/** Limit on steps; no more are kept of one crisis. */
const STEPS_MAX = 20;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** Limit of one hour on each wait: later is too late. */
const LONGEST_MS = 3_600_000;

const RETRY_RULES: OptionRules<EscalationRetry> = {
  attemptsMax: count(1, 20),
  initialDelayMs: { min: 0, max: LONGEST_MS, whole: true },
  delayMsMax: { min: 0, max: LONGEST_MS, whole: true },
  multiplier: { min: 1, max: 100, whole: false },
};

/** Rules of a step of the chain. */
export const STEP_RULES: OptionRules<EscalationStepOptions> = {
  name: {
    required: {
      matches: (name) => typeof name === 'string' && NAME.test(name),
      rule: 'must be a name of letters, digits, - and _, such as on-call',
    },
  },
  notify: 'function',
  webhook: 'object',
  timeoutMs: { min: 1, max: LONGEST_MS, whole: true },
  acknowledgeWithinMs: spanMs(),
  retry: { fields: RETRY_RULES },
};

/** @throws HoldfastError `HF_OPTION_INVALID` naming the field. */
export function escalationChain(
  steps: readonly EscalationStepOptions[],
): readonly EscalationStep[] {
  const field = 'crisis.escalation';
  requireOption(steps.length <= STEPS_MAX, field, `must have at most ${STEPS_MAX} steps`);
  const names = new Set<string>();
  return steps.map((given, index) => {
    const path = `${field}[${index}]`;
    checkFields(given, STEP_RULES, path);
    requireOption(
      !names.has(given.name),
      `${path}.name`,
      'is the name of an earlier step: give each its own, such as on-call-again',
    );
    names.add(given.name);
    return stepOf(given, path);
  });
}

function stepOf(given: EscalationStepOptions, path: string): EscalationStep {
  const { name, notify, webhook } = given;
  requireOption(
    (notify === undefined) !== (webhook === undefined),
    path,
    'must have either notify or webhook',
  );
  const initialDelayMs = given.retry?.initialDelayMs ?? 1_000;
  const delayMsMax = given.retry?.delayMsMax ?? Math.max(10_000, initialDelayMs);
  requireOption(
    delayMsMax >= initialDelayMs,
    `${path}.retry.delayMsMax`,
    'must not be below initialDelayMs',
  );
  const retry: RetryPolicy = {
    attemptsMax: given.retry?.attemptsMax ?? 3,
    initialDelayMs,
    delayMsMax,
    multiplier: given.retry?.multiplier ?? 2,
    strategy: 'additiveJitter',
    thenEveryMs: null,
    giveUpAfterMs: null,
  };
  return {
    name,
    timeoutMs: given.timeoutMs ?? 10_000,
    acknowledgeWithinMs: given.acknowledgeWithinMs ?? 300_000,
    retry,
    notify: notify ?? webhookNotifier(webhook, `${path}.webhook`),
  };
}
