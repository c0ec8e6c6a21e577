/**
 * Planted bugs of guarded calls, of keys that come again, and of work that ends its process.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const CALLS: readonly Plant[] = [
  {
    name: 'other-body-taken',
    file: 'actors/work/duplicates.ts',
    find: "    return idempotencyConflict('keyGivenTo' in context);",
    replace: '    return { id: of.id, isDuplicate: true };',
    says: 'A key that comes with another body is told to be accepted, and that body goes nowhere.',
    finds: /^another body taken: /,
    seedsMax: 10,
  },
  {
    name: 'call-without-deadline',
    file: 'actors/upstream/guardedCall.ts',
    find: '      waits.cancelDeadline = this.#calls.after(deadlineMs, () => {',
    replace: '      waits.cancelDeadline = this.#calls.after(100 * deadlineMs, () => {',
    says: 'A guarded call waits on after its deadline.',
    finds: /^call outlived its deadline: /,
    about: 'call upstream',
    seedsMax: 10,
  },
  {
    name: 'call-made-again',
    file: 'actors/upstream/guardedCall.ts',
    find: '    const hasAttempts = retry && this.#attempts < policy.attemptsMax',
    replace: '    const hasAttempts = (retry || true) && this.#attempts < policy.attemptsMax',
    says: 'A guarded call that may run once only runs again.',
    finds: /^call made again: /,
    about: 'call upstream',
    seedsMax: 10,
  },
  {
    name: 'culprits-never-convicted',
    file: 'machines/policy/retry/crashPolicy.ts',
    find: '  return wasAlone || crashes < CRASHES_IN_A_ROW_MAX ? crashes + 1 : crashes;',
    replace: '  return crashes < CRASHES_IN_A_ROW_MAX ? crashes + 1 : crashes;',
    says: 'What ends the process each time is never given up.',
    finds: /^culprit not convicted: /,
    about: 'call',
    seedsMax: 10,
  },
  {
    name: 'bystanders-convicted',
    file: 'machines/policy/retry/crashPolicy.ts',
    find: '  return crashesAfter(crashes, wasAlone) >= CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX;',
    replace: '  return crashesAfter(crashes, wasAlone) >= 2;',
    says: 'What was in flight at two crashes is taken for their cause.',
    finds: /^wrongly convicted: /,
    about: 'process call',
    seedsMax: 10,
  },
  {
    name: 'replayed-shown-as-its-turn',
    file: 'actors/operation/waitView.ts',
    find: "  const isBehind = state === BROUGHT_BACK && standing === 'held';",
    replace: '  const isBehind = false;',
    says: 'What is run again behind others of its entity is shown as waiting for its upstream.',
    finds: /^wait without a true reason: .* in replayed says /,
    about: 'upstream',
    seedsMax: 20,
  },
];
