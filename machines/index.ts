/**
 * Every chart of holdfast: for the documentation, the tests that hold them to the house rules, and
 * the inspector.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import { circuitBreakerMachine } from './circuitBreakerMachine.ts';
import { degradationMachine } from './degradationMachine.ts';
import { storageHealthMachine } from './storageHealthMachine.ts';
import { supervisorMachine } from './supervisorMachine.ts';
import { syncOperationMachine } from './syncOperationMachine.ts';

export const machines: readonly AnyStateMachine[] = [
  supervisorMachine,
  syncOperationMachine,
  circuitBreakerMachine,
  degradationMachine,
  storageHealthMachine,
];
