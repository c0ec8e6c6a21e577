/**
 * A chart with one of everything that can be drawn.
 *
 * @module
 */

import { and, not, setup } from 'xstate';
import { type ChartModel, chartModel } from '../../../inspector/charts/chartModel.ts';

/** A chart with one of everything: nested, parallel, history, any state, itself, at once, delays, endings. */
export function sampleChart(): ChartModel {
  const machine = setup({
    types: { tags: {} as 'resting' },
    guards: {
      isLocked: () => false,
      isHeavierThanItLooksFromOutside: () => false,
      isWide: (_, params: { kind: string }) => params.kind === 'wide',
    },
    actions: { note: () => {}, ring: () => {}, tellEverybodyWhoIsNear: () => {} },
  }).createMachine({
    id: 'sample',
    version: '7',
    description:
      'A chart with <one> of "everything" & more, for the tests of what is drawn of charts.',
    initial: 'closed',
    on: {
      alarm: { target: '.failed', actions: ['ring'] },
      seen: { actions: ['note'] },
    },
    states: {
      closed: {
        description: 'Shut.',
        tags: ['resting'],
        entry: ['note'],
        after: { 500: 'busy' },
        on: {
          push: [
            {
              guard: and([
                not('isLocked'),
                'isHeavierThanItLooksFromOutside',
                { type: 'isWide', params: { kind: 'wide' } },
              ]),
              target: 'busy',
              actions: ['note', 'ring', 'tellEverybodyWhoIsNear'],
            },
            { guard: 'isLocked', target: 'closed', reenter: true },
            { target: 'failed' },
          ],
        },
      },
      busy: {
        type: 'parallel',
        on: { stop: 'done', 'lift.left': { target: '.left.inner' } },
        states: {
          left: {
            initial: 'inner',
            states: {
              inner: {
                initial: 'a',
                states: { a: { on: { go: 'b' } }, b: { on: { go: '#out' } } },
              },
              out: { id: 'out', always: { guard: 'isLocked', target: '#sample.done' } },
            },
          },
          right: {
            initial: 'x',
            states: { x: { on: { turn: 'y' } }, y: {}, last: { type: 'history', history: 'deep' } },
          },
        },
      },
      failed: { on: { repair: 'busy.right.last' } },
      done: { type: 'final' },
    },
  });
  return chartModel(machine);
}
