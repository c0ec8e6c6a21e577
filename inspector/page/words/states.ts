/**
 * Charts, their states and their actors by names for people.
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

/** All regions: `pace · steady, intake · open`. */
export function statesText(states: readonly string[]): string {
  return states.map(stateText).join(', ');
}
