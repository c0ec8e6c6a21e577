/**
 * The charts of a process, for its viewers.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import { chartModel } from '../charts/chartModel.ts';
import { chartShape } from '../charts/chartShape.ts';
import type { Hello } from '../protocol.ts';

/** Lists the charts; made when somebody first watches, in a few milliseconds. */
export function toldCharts(machines: readonly AnyStateMachine[]): Hello['charts'] {
  return machines.map((machine) => ({
    machine: machine.id,
    version: machine.version ?? null,
    shape: chartShape(chartModel(machine)),
  }));
}
