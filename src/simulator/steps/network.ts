/**
 * Steps of faults between a device and upstreams.
 *
 * @module
 */

import { LINK_FAULTS } from '../network/link.ts';
import { type AnyStepKind, stepKind } from '../scene/scene.ts';
import { upstreamAt } from './upstreams.ts';
import { deviceAt } from './work.ts';

export const NETWORK: readonly AnyStepKind[] = [
  stepKind({
    kind: 'network.fault',
    counts: 'fault',
    weight: 6,
    draw: (random) => ({
      device: random.below(16),
      fault: random.pick([...LINK_FAULTS]),
      upstream: random.chance(0.5) ? random.below(16) : null,
      share: random.pick([0.2, 1, 1]),
      forMs: random.pick([1_000, 60_000, 1_800_000]) + random.below(600_000),
    }),
    take: (scene, { device, fault: kind, upstream: at, share, forMs }) => {
      const upstream = at === null ? null : upstreamAt(scene, at).name;
      const end = scene.untilHealed(deviceAt(scene, device).link.add({ kind, upstream, share }));
      scene.clock.schedule(forMs, end);
    },
    says: ({ device, fault, upstream, share, forMs }) =>
      `the network of device ${device}: ${fault} for ${upstream === null ? 'all' : `upstream ${upstream}`}, ${share * 100} % for ${forMs} ms`,
  }),
  stepKind({
    kind: 'network.forgets',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({ device: random.below(16) }),
    take: (scene, { device }) => {
      deviceAt(scene, device).link.forgetConnections();
    },
    says: ({ device }) => `a router forgets the connections of device ${device}`,
  }),
];
