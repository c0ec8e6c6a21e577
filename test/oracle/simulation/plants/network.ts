/**
 * What the HTTP handler and upstreams get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const NETWORK: readonly Plant[] = [
  {
    name: 'portal-page-taken',
    file: 'src/http/readJson.ts',
    find: '  if (/^text\\/html\\b/i.test(contentType)) {',
    replace: '  if (contentType === "") {',
    says: 'A page of a hotel network that answers 200 is taken for the word of the upstream, and the work is lost.',
    finds: /^completed without effect: /,
    seedsMax: 20,
  },
  {
    name: 'key-of-each-attempt',
    file: 'src/http/requestHeaders.ts',
    find: "  headers.set('idempotency-key', attempt.idempotencyKey);",
    replace: "  headers.set('idempotency-key', `${attempt.idempotencyKey}-${attempt.number}`);",
    says: 'Each attempt goes out under a key of its own, so that the upstream does the work again.',
    finds: /^key of no attempt: /,
    seedsMax: 3,
  },
  {
    name: 'redirects-followed',
    file: 'src/http/httpHandler.ts',
    find: "        body: isSafe ? null : JSON.stringify(payload),\n        redirect: 'manual',",
    replace: '        body: isSafe ? null : JSON.stringify(payload),',
    says: 'Headers and payload go to wherever an answer points.',
    finds: /^redirect followed: /,
    seedsMax: 20,
  },
  {
    name: 'retry-after-unread',
    file: 'src/http/failures.ts',
    find: '    retryAfterMs: retryAfterOf(headers, asked.clock),',
    replace: '    retryAfterMs: undefined,',
    says: 'An upstream that says when to come again is asked again before.',
    finds: /^came before it was time: /,
    seedsMax: 20,
  },
  {
    name: 'time-out-not-unknown',
    file: 'src/http/failures.ts',
    find: "  if (signal.aborted) return cutOff(signal, isSafe ? 'transient' : 'unknownOutcome');",
    replace: "  if (signal.aborted) return cutOff(signal, 'transient');",
    says: 'What timed out counts as not done, and is done again where no key keeps it from that.',
    finds: /^done twice without a key: /,
    seedsMax: 20,
  },
  {
    name: 'reset-taken-for-unsent',
    file: 'machines/policy/retry/classifyFailure.ts',
    find: "const MAYBE_SENT_CODES: ReadonlySet<unknown> = new Set([\n  'ECONNRESET',",
    replace: 'const MAYBE_SENT_CODES: ReadonlySet<unknown> = new Set([',
    says: 'A connection that broke under the request counts as one that was never made.',
    finds: /^done twice without a key: /,
    seedsMax: 20,
  },
  {
    name: 'server-error-not-applied',
    file: 'src/http/httpHandler.ts',
    find: 'checkStatuses(options.notAppliedStatuses ?? [503]);',
    replace: 'checkStatuses(options.notAppliedStatuses ?? [500, 503]);',
    says: 'A 500 counts as a sign that nothing was done.',
    finds: /^done twice without a key: /,
    seedsMax: 20,
  },
  {
    name: 'look-ups-stop',
    file: 'src/http/hostAddresses.ts',
    find: '      this.#ordinaryUnderWay -= 1;',
    replace: '      this.#ordinaryUnderWay -= 0;',
    says: 'After the first look-up of a name no other begins, and what needs a new connection never goes out.',
    finds: /^(?:not settled|still waiting): /,
    seedsMax: 3,
  },
];
