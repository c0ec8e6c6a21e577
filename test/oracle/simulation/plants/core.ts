/**
 * What operations, lanes, breakers and retries get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const CORE: readonly Plant[] = [
  {
    name: 'key-not-written',
    file: 'actors/operation/operationWriter.ts',
    find: 'idempotencyKey: storedKeyOf(context),',
    replace: 'idempotencyKey: null,',
    says: 'The idempotency key of a request is not written, so a request that is sent twice is accepted twice.',
    finds: /^accepted twice: /,
    seedsMax: 3,
  },
  {
    name: 'lane-not-written',
    file: 'actors/operation/operationWriter.ts',
    find: '          lane,\n          idempotencyKey: storedKeyOf(context),',
    replace: '          lane: null,\n          idempotencyKey: storedKeyOf(context),',
    says: 'The lane of a request is not written, so nothing keeps requests for one entity apart.',
    finds: /^(two in one lane|out of order): /,
    seedsMax: 5,
  },
];
