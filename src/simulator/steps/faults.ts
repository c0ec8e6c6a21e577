/**
 * What goes wrong beyond a device: upstreams.
 *
 * @module
 */

import { type AnyStepKind, stepKind } from '../scene/scene.ts';

export const FAULTS: readonly AnyStepKind[] = [
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
