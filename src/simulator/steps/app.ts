/**
 * Steps of a user's simulated app: the requests that people make of it.
 *
 * @module
 */

import { seededRandom } from '../../virtual/seededRandom.ts';
import { type AnyStepKind, stepKind } from '../scene/scene.ts';
import { deviceAt, send, sendAgain } from './work.ts';

const SEEDS = 2 ** 31;

export const APP: readonly AnyStepKind[] = [
  stepKind({
    kind: 'app.request',
    counts: 'work',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      seed: random.below(SEEDS),
      isRepeated: random.chance(0.05),
    }),
    take: (scene, { device: at, seed, isRepeated }) => {
      if (scene.app === null) return;
      const device = deviceAt(scene, at);
      const number = scene.nextRequest();
      const drawn = scene.app.request(seededRandom(seed), number);
      const request = { ...drawn, idempotencyKey: drawn.idempotencyKey ?? `key-${number}` };
      send(device, request);
      if (isRepeated) sendAgain(device, request);
    },
    says: ({ device }) => `a person asks the app on device ${device}`,
  }),
];
