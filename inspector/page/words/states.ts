/**
 * Names of charts, their states and their actors for people.
 *
 * @module
 */

import { inWords } from './health.ts';

const MACHINES: Readonly<Record<string, string>> = {
  syncOperation: 'operation',
  circuitBreaker: 'breaker',
  storageHealth: 'storage',
};

/** `operation` for `syncOperation`. */
export function machineText(machine: string): string {
  return MACHINES[machine] ?? inWords(machine);
}

/** `delivery · backing off` for `delivery.backingOff`. */
export function stateText(path: string): string {
  return path.split('.').map(inWords).join(' · ');
}

/** `backing off`; several regions have their names: `intake: open, pace: steady`. */
export function statesText(states: readonly string[]): string {
  if (states.length === 1) return stateText(states[0] ?? '');
  return states.map((path) => stateText(path).replace(' · ', ': ')).join(', ');
}
