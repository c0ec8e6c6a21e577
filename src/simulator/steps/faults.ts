/**
 * What goes wrong below and beyond a device: its disk, and upstreams.
 *
 * @module
 */

import { noFaults } from '../disk/faultyStore.ts';
import { type AnyStepKind, stepKind } from '../scene/scene.ts';
import { deviceAt } from './work.ts';

export const FAULTS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'disk.fails',
    counts: 'fault',
    weight: 3,
    draw: (random) => ({
      device: random.below(16),
      share: random.pick([0.3, 1]),
      forMs: 1_000 + random.below(600_000),
    }),
    take: (scene, { device, share, forMs }, random) => {
      const { faults } = deviceAt(scene, device);
      faults.fate = () =>
        random.chance(share) ? random.pick(['failsUnwritten', 'failsWritten'] as const) : 'works';
      faults.readFails = () => random.chance(share);
      const end = scene.untilHealed(() => {
        const { fate, readFails } = noFaults();
        Object.assign(faults, { fate, readFails });
      });
      scene.clock.schedule(forMs, end);
    },
    says: ({ device, share, forMs }) =>
      `the disk of device ${device} fails ${share * 100} % of its calls for ${forMs} ms`,
  }),
  stepKind({
    kind: 'upstream.mood',
    counts: 'fault',
    weight: 6,
    draw: (random, { upstreams }) => ({
      upstream: random.below(upstreams.length),
      mood: random.pick(['flaky', 'down'] as const),
      forMs: 1_000 + random.below(1_800_000),
    }),
    take: (scene, { upstream: at, mood, forMs }) => {
      const upstream = [...scene.upstreams.values()][at % scene.upstreams.size];
      if (upstream === undefined) return;
      upstream.mood = mood;
      const end = scene.untilHealed(() => {
        upstream.mood = 'healthy';
      });
      scene.clock.schedule(forMs, end);
    },
    says: ({ upstream, mood, forMs }) => `upstream ${upstream} is ${mood} for ${forMs} ms`,
  }),
];
