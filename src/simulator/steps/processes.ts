/**
 * What happens to processes and clocks.
 *
 * @module
 */

import { type AnyStepKind, stepKind } from '../scene/scene.ts';
import { deviceAt } from './work.ts';

const YEAR_MS = 365 * 86_400_000;

export const PROCESSES: readonly AnyStepKind[] = [
  stepKind({
    kind: 'process.kill',
    counts: 'restart',
    weight: 3,
    draw: (random) => ({ device: random.below(16) }),
    take: (scene, { device }) => void deviceAt(scene, device).killAndBoot(),
    says: ({ device }) => `the process of device ${device} is killed`,
  }),
  stepKind({
    kind: 'clock.set',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({ byMs: random.below(2 * YEAR_MS) - YEAR_MS }),
    take: (scene, { byMs }) => {
      scene.clock.setWall(byMs);
    },
    says: ({ byMs }) => `the clock is set by ${byMs} ms`,
  }),
];
