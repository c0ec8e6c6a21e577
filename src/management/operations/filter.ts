/**
 * The rules for filters of operations: one that is misunderstood would show what nobody meant, or nothing.
 *
 * @module
 */

import type { OperationFilter } from '../../../actors/port.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { WAIT_REASONS } from '../../../machines/operation/waitReason.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import { isTierName, PRIORITIES } from '../../../machines/vocabulary/urgency.ts';
import { WAIT_CAUSES } from '../../../machines/vocabulary/waitCause.ts';

/** Every state an operation may be shown in: of operations, and of the deliveries of crises. */
export const OPERATION_STATES: readonly string[] = [
  ...new Set([
    ...Object.keys(syncOperationMachine.states),
    ...Object.keys(crisisMachine.root.states['delivery']?.states ?? {}),
  ]),
];

/** Every reason to wait that is shown; one that waits for its turn shows what its upstream waits for. */
export const SHOWN_REASONS: readonly string[] = [
  ...new Set([...WAIT_REASONS.filter((reason) => reason !== 'turn'), ...WAIT_CAUSES]),
];

export const OPERATION_FILTER_RULES = {
  state: { oneOf: OPERATION_STATES },
  type: 'text',
  subject: 'text',
  entity: { fields: { type: { required: 'text' }, id: { required: 'text' } } },
  tier: { matches: isTierName, rule: 'must be the name of a tier' },
  priority: { oneOf: PRIORITIES },
  tag: 'text',
  reason: { oneOf: SHOWN_REASONS },
  idEnd: {
    rule: 'must be the last 4 to 32 digits (0 to 9, a to f) of an id',
    matches: (value) =>
      typeof value === 'string' && /^[\da-f]{4,32}$/i.test(value.replaceAll('-', '')),
  },
  sinceMs: 'instant',
  untilMs: 'instant',
} as const satisfies OptionRules<OperationFilter>;
