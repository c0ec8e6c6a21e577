/**
 * Step of the chain that notifies by a webhook (CR-5): the notice as JSON, by POST. It holds nothing of what the
 * person has sent; its reader opens that in a system with access control.
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
import { className, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { checkFields } from '../../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../../machines/vocabulary/optionRules.ts';
import { isUrl } from '../../machines/vocabulary/realms.ts';
import { readBodyStart } from '../http/readJson.ts';
import { parseUrl } from '../http/requestUrl.ts';
import { notesHost, send } from '../http/send.ts';

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
export function checkWebhook(webhook: Webhook | undefined, field: string): CheckedWebhook {
  checkFields(webhook, RULES, field);
  const { url, headers, secret } = webhook as Webhook;
  const checked = { url: parseUrl(url, { name: `${field}.url` }), headers, secret };
  // An invalid header is found now and not in a crisis.
  if (typeof headers === 'object') withHeaders(new Headers(), headers, `${field}.headers`);
  return checked;
}

/** Makes the function that notifies by a webhook. */
export function webhookNotifier({
  url,
  headers,
  secret,
}: CheckedWebhook): EscalationStep['notify'] {
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
    const init = { method: 'POST', headers: all, body, redirect: 'manual', signal } as const;
    const sending = watchSending(notice.idempotencyKey);
    const response = await send(url, init, 'crisis')
      .catch((error: unknown) => {
        throw notTold(error, sending.hasBegun());
      })
      .finally(sending.end);
    const { status, ok } = response;
    // Read so that the connection can be reused; the answer counts, whatever becomes of its body.
    await readBodyStart(response, signal).catch(() => undefined);
    if (!ok) throw refused(status);
  };
  return notesHost(notify, url);
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
