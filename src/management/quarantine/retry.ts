/**
 * Management call: puts one quarantined record back where it stood, if it opens and can be read now.
 *
 * @module
 */

import { type ErrorCode, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { storeCall } from '../call/managementCall.ts';
import { ofOperation } from '../call/overrides.ts';
import { BY_PERSON, ID, type Ordered } from '../call/params.ts';
import { codeOf, notQuarantined } from './quarantined.ts';

export const retryQuarantined = storeCall<Ordered & { readonly id: string }, undefined>({
  name: 'quarantine.retry',
  summary: 'Puts one quarantined record back where it stood, if it opens now.',
  capability: 'operate',
  params: { id: ID, by: BY_PERSON },
  audited: ['id', 'by'],
  override: ofOperation('quarantine.retry'),
  async run({ records }, { id }) {
    const result = await records.quarantine.reinstate(id);
    if (result.kind === 'notReinstated') throw stillSealed(codeOf(result.code));
    if (result.kind === 'changed') throw notQuarantined();
  },
});

function stillSealed(code: ErrorCode): HoldfastError {
  const why: Partial<Record<ErrorCode, string>> = {
    HF_IDEMPOTENCY_CONFLICT:
      'Its idempotency key has been given to another operation since. Purge it once you have seen that the other does its work.',
    HF_KEY_UNKNOWN: 'It is sealed under a key that is not in the keyring. Put that back first.',
    HF_KEY_WRONG: 'It is sealed under another key. Put that back first.',
    HF_RECORD_TAMPERED:
      'It was changed on disk. Restore it from a backup, or export it and purge it.',
  };
  const what = why[code] ?? 'It can not be opened. Export it, or purge it.';
  return new HoldfastError(code, `The record stays set aside. ${what}`, { field: 'id' });
}
