/**
 * Planted bugs of the HTTP handler and upstreams.
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
    name: 'redirects-followed',
    file: 'src/http/httpHandler.ts',
    find: "    ...{ method, headers, body, redirect: 'manual', end: endOf(attempt) },",
    replace: "    ...{ method, headers, body, redirect: 'follow', end: endOf(attempt) },",
    says: 'Headers and payload go to wherever an answer points.',
    finds: /^redirect followed: /,
    about: 'upstream',
    seedsMax: 20,
  },
  {
    name: 'longer-time-out-ignored',
    file: 'actors/operation/flowControl.ts',
    find: '  if (permit === null || ownMs > permit.flow.timeoutMsMax) return ownMs;',
    replace: '  if (permit === null) return ownMs;',
    says: 'A handler that has set more time than its upstream gets no more, and slow work never ends.',
    finds: /^attempt cut short: /,
    seedsMax: 40,
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
