/**
 * The calls that the inspector's page may make: which calls of the registry, with which parameters,
 * and which fields of their answers leave for a browser. Nothing else leaves: a call that needs `export` is not
 * offered, and neither is a parameter by which somebody could search for a person.
 *
 * @module
 */

import type { InspectorCall } from '../../inspector/server/inspectorCall.ts';
import { STAGES } from '../../machines/operation/stage.ts';
import { disableBreaker } from '../management/breaker/disable.ts';
import { forceBreakerOpen } from '../management/breaker/forceOpen.ts';
import { observeBreaker } from '../management/breaker/observe.ts';
import { releaseBreaker } from '../management/breaker/release.ts';
import { aboutConflict } from '../management/conflicts/about.ts';
import { pageOfConflicts } from '../management/conflicts/page.ts';
import { resolveConflict } from '../management/conflicts/resolve.ts';
import { undoConflict } from '../management/conflicts/undo.ts';
import { acknowledgeCrisis } from '../management/crises/acknowledge.ts';
import { callOffCrisis } from '../management/crises/callOff.ts';
import { listCrises } from '../management/crises/list.ts';
import { releaseCrisis } from '../management/crises/release.ts';
import { showCrisis } from '../management/crises/show.ts';
import { enterCrisisMode } from '../management/crisisMode/enter.ts';
import { leaveCrisisMode } from '../management/crisisMode/leave.ts';
import { listCrisisMode } from '../management/crisisMode/list.ts';
import { pageOfDeadLetters } from '../management/deadLetters/page.ts';
import { purgeDeadLetter } from '../management/deadLetters/purge.ts';
import { purgeBatch } from '../management/deadLetters/purgeBatch.ts';
import { replayDeadLetter } from '../management/deadLetters/replay.ts';
import { replayBatch } from '../management/deadLetters/replayBatch.ts';
import { showDeadLetter } from '../management/deadLetters/show.ts';
import { cancelOperation } from '../management/operations/cancel.ts';
import { countOperations } from '../management/operations/count.ts';
import { listOperations } from '../management/operations/list.ts';
import { retryOperation } from '../management/operations/retry.ts';
import { showOperation } from '../management/operations/show.ts';
import { pageOfQuarantine } from '../management/quarantine/page.ts';
import { purgeQuarantined } from '../management/quarantine/purge.ts';
import { retryQuarantined } from '../management/quarantine/retry.ts';
import { showQuarantined } from '../management/quarantine/show.ts';
import { releaseStore } from '../management/store/release.ts';
import { look, order } from './offered.ts';
import {
  CONFLICT,
  CONFLICT_ABOUT,
  CONFLICT_OUTCOME,
  CRISIS,
  CRISIS_DECIDED,
  CRISIS_MODE,
  DEAD_LETTER,
  DEAD_LETTER_DETAILS,
  OPERATION,
  QUARANTINED,
} from './shapes.ts';

const COUNTS = {
  fields: {
    ...(Object.fromEntries(STAGES.map((stage) => [stage, 'plain'])) as Readonly<
      Record<(typeof STAGES)[number], 'plain'>
    >),
    unreadable: 'plain',
    total: 'plain',
  },
} as const;
const BATCH = {
  fields: {
    matched: 'plain',
    done: 'plain',
    expired: 'plain',
    changed: 'plain',
    nextSeq: 'plain',
  },
} as const;
const TOLD = { fields: { tookNotice: 'plain', operation: OPERATION } } as const;

/** The filters of operations, without subject, entity and tag. */
const OPERATION_FILTER = [
  'state',
  'type',
  'tier',
  'priority',
  'reason',
  'idEnd',
  'sinceMs',
  'untilMs',
] as const;

const LOOKS: readonly InspectorCall[] = [
  look(listOperations, [...OPERATION_FILTER, 'order', 'afterSeq', 'limit'], {
    fields: { views: { each: OPERATION }, unreadable: 'plain', nextAfterSeq: 'plain' },
  }),
  look(countOperations, [...OPERATION_FILTER, 'afterSeq'], {
    fields: { counts: COUNTS, nextAfterSeq: 'plain' },
  }),
  look(showOperation, ['id'], OPERATION),
  look(pageOfDeadLetters, ['filter', 'order', 'fromSeq'], {
    fields: { letters: { each: DEAD_LETTER }, nextSeq: 'plain' },
  }),
  look(showDeadLetter, ['id'], DEAD_LETTER_DETAILS),
  look(pageOfConflicts, ['filter', 'order', 'fromSeq'], {
    fields: { conflicts: { each: CONFLICT }, unreadable: 'plain', nextSeq: 'plain' },
  }),
  look(aboutConflict, ['id'], CONFLICT_ABOUT),
  look(pageOfQuarantine, ['fromSeq'], {
    fields: { records: { each: QUARANTINED }, nextSeq: 'plain' },
  }),
  look(showQuarantined, ['id'], QUARANTINED),
  look(listCrises, ['unacknowledged'], { each: CRISIS }),
  look(showCrisis, ['id'], CRISIS),
  look(listCrisisMode, [], { each: CRISIS_MODE }),
];

/** The orders, none with a payload, a value of a record or a subject as a parameter. */
const ORDERS: readonly InspectorCall[] = [
  order(cancelOperation, ['id', 'by'], TOLD),
  order(retryOperation, ['id', 'by'], TOLD),
  order(replayDeadLetter, ['id', 'evenIfApplied', 'by'], 'nothing'),
  order(replayBatch, ['filter', 'fromSeq', 'dryRun', 'evenIfApplied', 'by'], BATCH),
  order(purgeDeadLetter, ['id', 'by'], 'nothing'),
  order(purgeBatch, ['filter', 'fromSeq', 'dryRun', 'by'], BATCH),
  order(resolveConflict, ['id', 'by', 'side'], CONFLICT_OUTCOME),
  order(undoConflict, ['id', 'by'], CONFLICT_OUTCOME),
  order(retryQuarantined, ['id', 'by'], 'nothing'),
  order(purgeQuarantined, ['id', 'by'], 'nothing'),
  order(acknowledgeCrisis, ['id', 'by', 'note', 'forMs'], CRISIS_DECIDED),
  order(releaseCrisis, ['id', 'by', 'note'], CRISIS_DECIDED),
  order(callOffCrisis, ['id', 'by', 'reason', 'confirm'], CRISIS_DECIDED),
  order(forceBreakerOpen, ['upstream', 'reason', 'by'], 'nothing'),
  order(disableBreaker, ['upstream', 'reason', 'by'], 'nothing'),
  order(observeBreaker, ['upstream', 'reason', 'by'], 'nothing'),
  order(releaseBreaker, ['upstream', 'by', 'of'], 'nothing'),
  order(enterCrisisMode, ['by', 'reason', 'forMs'], CRISIS_MODE),
  order(leaveCrisisMode, ['by'], { fields: { wasOn: 'plain', isDurable: 'plain' } }),
  order(releaseStore, ['by'], { fields: { wasHeld: 'plain' } }),
];

/** All calls that a page may make. */
export const INSPECTOR_CALLS: readonly InspectorCall[] = [...LOOKS, ...ORDERS];
