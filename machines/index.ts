/**
 * Every chart of holdfast: for the documentation, the tests that hold them to the house rules, and
 * the inspector.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import { circuitBreakerMachine } from './breaker/circuitBreakerMachine.ts';
import { conflictMachine } from './conflict/conflictMachine.ts';
import { crisisMachine } from './crisis/crisisMachine.ts';
import { crisisModeMachine } from './crisisMode/crisisModeMachine.ts';
import { degradationMachine } from './degradation/degradationMachine.ts';
import { syncOperationMachine } from './operation/syncOperationMachine.ts';
import { schedulerMachine } from './scheduler/schedulerMachine.ts';
import { storageHealthMachine } from './storage/storageHealthMachine.ts';
import { supervisorMachine } from './supervisor/supervisorMachine.ts';

export const machines: readonly AnyStateMachine[] = [
  supervisorMachine,
  syncOperationMachine,
  conflictMachine,
  crisisMachine,
  crisisModeMachine,
  circuitBreakerMachine,
  degradationMachine,
  schedulerMachine,
  storageHealthMachine,
];
