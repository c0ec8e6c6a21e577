/**
 * Steps of troubles with upstreams.
 *
 * @module
 */

import { type SimulatedUpstream, TROUBLES } from '../network/simulatedUpstream.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { deviceAt, send, TYPES } from './work.ts';

/**
 * What an endpoint in trouble keeps waiting is tried without end, crises every 30 s: in a whole day that is tens of
 * thousands of calls that show no more than those of two hours.
 */
const LONG_MS = 7_200_000;
/** Troubles that hit a whole upstream, never one endpoint. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set(['refuses', 'stands still', 'browns out']);

/** Picks the upstream of this number; the numbers of a plan wrap around, and the last upstream is the pager. */
export function upstreamAt(
  { upstreams, pager }: Scene,
  at: number,
): { readonly name: string; readonly upstream: SimulatedUpstream } {
  const all = [...upstreams, ['pager', pager] as const];
  const [name, upstream] = all[at % all.length] ?? ['pager', pager];
  return { name, upstream };
}

/** Troubles of one subject's requests that may pass. */
const OF_A_SUBJECT = ['fails', 'is busy', 'drops'] as const;
const MINUTE_MS = 60_000;

export const UPSTREAMS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'upstream.ofSubject',
    isOfOwnApp: true,
    counts: 'beside',
    weight: 3,
    draw: (random, { upstreams }) => {
      const at = random.below(TYPES.length);
      return {
        device: random.below(16),
        upstream: at % upstreams.length,
        type: TYPES[at] ?? TYPES[0],
        endpoint: (TYPES[at] ?? TYPES[0]).replaceAll('.', '/'),
        subject: `user-${random.below(5)}`,
        trouble: random.pick([...OF_A_SUBJECT]),
        requests: Array.from({ length: 8 }, () => random.below(10 * MINUTE_MS)),
        forMs: MINUTE_MS + random.below(random.pick([2, 30, 120]) * MINUTE_MS),
      };
    },
    take: (scene, drawn) => {
      const { upstream: at, type, endpoint, subject, trouble: kind, requests, forMs } = drawn;
      const device = deviceAt(scene, drawn.device);
      const given = { kind, endpoint, subject, share: 1 };
      const end = scene.untilHealed(upstreamAt(scene, at).upstream.add(given));
      scene.clock.schedule(forMs, end);
      for (const [each, afterMs] of requests.entries()) {
        const whose = each % 2 === 0 ? subject : `${subject}-other`;
        scene.clock.schedule(afterMs, () => {
          device.whenAsked(() => {
            const idempotencyKey = `key-${scene.nextRequest()}`;
            send(device, { type, subject: whose, idempotencyKey });
          });
        });
      }
    },
    says: ({ subject, type, trouble, forMs }) =>
      `for ${subject} ${type} ${trouble} for ${forMs} ms, and for nobody else`,
  }),
  stepKind({
    kind: 'upstream.trouble',
    counts: 'fault',
    weight: 10,
    draw: (random) => {
      const trouble = random.pick([...TROUBLES]);
      const isOfEndpoint = !OF_THE_WHOLE.has(trouble) && random.chance(0.4);
      const whileMs = random.pick([20_000, 120_000, 1_800_000]) + random.below(120_000);
      return {
        upstream: random.below(16),
        trouble,
        endpoint: isOfEndpoint ? random.pick([...TYPES]).replaceAll('.', '/') : null,
        share: random.pick([0.1, 0.5, 1, 1]),
        // One endpoint may be in trouble for hours, among others that are well.
        forMs: isOfEndpoint && random.chance(0.3) ? LONG_MS + whileMs : whileMs,
      };
    },
    take: (scene, { upstream: at, trouble: kind, endpoint, share, forMs }) => {
      const end = scene.untilHealed(upstreamAt(scene, at).upstream.add({ kind, endpoint, share }));
      scene.clock.schedule(forMs, end);
    },
    says: ({ upstream, trouble, endpoint, share, forMs }) =>
      `upstream ${upstream}${endpoint === null ? '' : ` at ${endpoint}`} ${trouble}, ${share * 100} % for ${forMs} ms`,
  }),
];
