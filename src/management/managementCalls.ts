/**
 * Every management call there is: one file declares each, one line here offers it. The runtime's API,
 * the control socket and the command line derive from this list.
 *
 * @module
 */

import { disableBreaker } from './breaker/disable.ts';
import { forceBreakerOpen } from './breaker/forceOpen.ts';
import { observeBreaker } from './breaker/observe.ts';
import { releaseBreaker } from './breaker/release.ts';
import type { AnyCall } from './call/managementCall.ts';
import { aboutConflict } from './conflicts/about.ts';
import { pageOfConflicts } from './conflicts/page.ts';
import { previewConflict } from './conflicts/preview.ts';
import { resolveConflict } from './conflicts/resolve.ts';
import { showConflict } from './conflicts/show.ts';
import { undoConflict } from './conflicts/undo.ts';
import { acknowledgeCrisis, acknowledgeSubject } from './crises/acknowledge.ts';
import { callOffCrisis } from './crises/callOff.ts';
import { listCrises } from './crises/list.ts';
import { releaseCrisis } from './crises/release.ts';
import { saySafe } from './crises/saySafe.ts';
import { showCrisis } from './crises/show.ts';
import { enterCrisisMode } from './crisisMode/enter.ts';
import { leaveCrisisMode } from './crisisMode/leave.ts';
import { listCrisisMode } from './crisisMode/list.ts';
import { answerOfDeadLetter } from './deadLetters/answer.ts';
import { pageOfDeadLetters } from './deadLetters/page.ts';
import { purgeDeadLetter } from './deadLetters/purge.ts';
import { purgeBatch } from './deadLetters/purgeBatch.ts';
import { replayDeadLetter } from './deadLetters/replay.ts';
import { replayBatch } from './deadLetters/replayBatch.ts';
import { showDeadLetter } from './deadLetters/show.ts';
import { cancelOperation } from './operations/cancel.ts';
import { countOperations } from './operations/count.ts';
import { listOperations } from './operations/list.ts';
import { retryOperation } from './operations/retry.ts';
import { showOperation } from './operations/show.ts';
import { setPolicies } from './policies/set.ts';
import { showPolicies } from './policies/show.ts';
import { pageOfQuarantine } from './quarantine/page.ts';
import { purgeQuarantined } from './quarantine/purge.ts';
import { retryQuarantined } from './quarantine/retry.ts';
import { pageOfSealed } from './quarantine/sealed.ts';
import { showQuarantined } from './quarantine/show.ts';
import { backup } from './store/backup.ts';
import { health } from './store/health.ts';
import { releaseStore } from './store/release.ts';

export const MANAGEMENT_CALLS: readonly AnyCall[] = [
  health,
  backup,
  releaseStore,
  listOperations,
  countOperations,
  showOperation,
  cancelOperation,
  retryOperation,
  pageOfConflicts,
  aboutConflict,
  showConflict,
  previewConflict,
  resolveConflict,
  undoConflict,
  pageOfDeadLetters,
  showDeadLetter,
  answerOfDeadLetter,
  replayDeadLetter,
  replayBatch,
  purgeDeadLetter,
  purgeBatch,
  pageOfQuarantine,
  pageOfSealed,
  showQuarantined,
  retryQuarantined,
  purgeQuarantined,
  listCrises,
  showCrisis,
  acknowledgeCrisis,
  acknowledgeSubject,
  releaseCrisis,
  callOffCrisis,
  saySafe,
  forceBreakerOpen,
  disableBreaker,
  observeBreaker,
  releaseBreaker,
  listCrisisMode,
  enterCrisisMode,
  leaveCrisisMode,
  showPolicies,
  setPolicies,
];
