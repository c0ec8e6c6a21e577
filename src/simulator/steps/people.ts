/**
 * What people ask of the runtime besides work.
 *
 * @module
 */

import { type AnyStepKind, stepKind } from '../scene/scene.ts';
import { deviceAt } from './work.ts';

export const PEOPLE: readonly AnyStepKind[] = [
  stepKind({
    kind: 'people.meddle',
    counts: 'order',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      which: random.next(),
      what: random.pick(['cancel', 'retryNow'] as const),
    }),
    take: (scene, { device: at, which, what }) => {
      const device = deviceAt(scene, at);
      const ids = [...device.accepted];
      const id = ids[Math.floor(which * ids.length)];
      if (id === undefined) return;
      device.tell({ event: 'asked', id, what });
      const operation = device.runtime.operations.get(id);
      const done = what === 'cancel' ? operation.cancel() : operation.retryNow();
      done.catch(() => undefined);
    },
    says: ({ what }) => `a person asks for ${what}`,
  }),
];
