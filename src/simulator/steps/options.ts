/**
 * Steps that set policies while a process runs, and requests with drawn fields, as options are drawn.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import { PROFILES } from '../network/link.ts';
import type { Setup } from '../scene/plan.ts';
import { type AnyStepKind, stepKind } from '../scene/scene.ts';
import { type Drawn, policiesWith } from '../setup/drawnOptions.ts';
import { drawPolicies, OWN_TIERS } from '../setup/drawOptions.ts';
import { REQUESTS } from '../setup/fieldValues.ts';
import { deviceAt, send, TYPES } from './work.ts';

const KEY_LENGTHS = [1, 12, 200];
/** Share of fields set off the usual where they are drawn together. */
const TOGETHER_SHARE = 0.3;
/** Fields whose values are spans from now on. */
const INSTANTS: readonly string[] = ['expiresAtMs', 'startAtMs'] satisfies (keyof SyncRequest)[];
/** Longest that a body is on its way, in seconds: no attempt of a longer one would end within its time-out. */
const SENT_WITHIN_S = 1;

/** Draws a request's fields: one off the usual, or many at once. */
function drawFields(random: SeededRandom): Readonly<Record<string, Json>> {
  const fields = [...REQUESTS].filter(([, { values }]) => values.length > 0);
  const one = random.below(fields.length);
  const isTogether = random.chance(0.3);
  return Object.fromEntries(
    fields.flatMap(([name, { values }], at): [string, Json][] => {
      const isDrawn = isTogether ? random.chance(TOGETHER_SHARE) : at === one;
      return isDrawn ? [[name, values[random.below(values.length)] ?? null]] : [];
    }),
  );
}

/** Shortens a payload to what the network of its device carries in time. */
function carried(
  fields: Readonly<Record<string, Json>>,
  { devices }: Setup,
  device: number,
): Readonly<Record<string, Json>> {
  const { network = 'cable' } = devices[device % devices.length] ?? {};
  const bytesMax = SENT_WITHIN_S * PROFILES[network].bytesPerSecond;
  const { payload } = fields;
  if (payload === undefined || JSON.stringify(payload).length <= bytesMax) return fields;
  return { ...fields, payload: { said: 'w'.repeat(bytesMax) } };
}

export const OPTIONS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'options.policies',
    counts: 'order',
    weight: 1,
    draw: (random, { upstreams }) => ({
      device: random.below(16),
      drawn: drawPolicies(random, {
        upstreams: upstreams.map(({ name }) => name),
        types: TYPES,
      }) as unknown as Json,
    }),
    take: (scene, { device: at, drawn }) => {
      const device = deviceAt(scene, at);
      const { runtime } = device;
      const before = JSON.stringify(runtime.policyLayers());
      try {
        runtime.setPolicies(
          policiesWith(runtime.policyLayers(), drawn as unknown as readonly Drawn[]),
        );
        device.noteLayers(runtime.policyLayers());
      } catch (error) {
        // Drawn policies may contradict earlier ones: the runtime then changes nothing.
        if (!isHoldfastError(error) || error.code !== 'HF_OPTION_INVALID') throw error;
        if (JSON.stringify(runtime.policyLayers()) !== before) throw error;
      }
    },
    says: ({ drawn }) => `a person sets policies: ${JSON.stringify(drawn)}`,
  }),
  stepKind({
    kind: 'work.fields',
    counts: 'work',
    weight: 5,
    draw: (random, setup) => {
      const device = random.below(16);
      return {
        device,
        type: random.pick([...TYPES]),
        tier: random.pick(['premium', 'basic', 'trial', ...OWN_TIERS] as const),
        keyLength: random.pick(KEY_LENGTHS as [number, ...number[]]),
        fields: carried(drawFields(random), setup, device),
      };
    },
    take: (scene, { device: at, type, tier, keyLength, fields }) => {
      const device = deviceAt(scene, at);
      const nowMs = device.process.options.clock.now();
      const given = Object.entries(fields).map(([name, value]): [string, Json] => {
        const atMs = Math.max(0, Math.floor(nowMs + Number(value)));
        return [name, INSTANTS.includes(name) ? atMs : value];
      });
      send(device, {
        ...{ type, subject: 'user-1', tier },
        ...Object.fromEntries(given),
        // A key of its own keeps the request from being a repeat.
        idempotencyKey: scene.nextRequest().toString(36).padEnd(keyLength, '-'),
      });
    },
    says: ({ type, tier, fields }) =>
      `somebody asks for ${type} (${tier}) with ${JSON.stringify(fields).slice(0, 120)}`,
  }),
];
