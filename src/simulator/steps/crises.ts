/**
 * Steps of crises, of the plans of people who may come into one, and of upstreams that take no crisis for hours.
 *
 * @module
 */

import type { CrisisAnswer } from '../../../actors/port.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { CrisisRequest } from '../../runtime.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import { noteCrisis } from '../oracle/sentKeys.ts';
import type { Device, DeviceProcess } from '../scene/device.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { CRISIS_REQUESTS } from '../setup/fieldValues.ts';
import { IN_CONFIDENCE } from './chain.ts';
import { give, PERSONS } from './orders.ts';
import { CRISIS_TYPE, crisisTypeAt, deviceAt, refused, TYPES, watch } from './work.ts';

const HOUR_MS = 3_600_000;
/** Subjects whose plans processes keep and pin. Edits of plans use other subjects. */
export const PLANNED = ['planned-0', 'planned-1'] as const;
/** Longest message of a crisis: a process with a lower limit would cut it, and send it under another key. */
const SAID_BYTES_MAX = 1_000;

/** Plans that a process has confirmed as kept and pinned, by subject; `null` while one changes. */
const kept = new WeakMap<DeviceProcess, Map<string, string | null>>();

function plansOf({ process }: Device): Map<string, string | null> {
  const plans = kept.get(process) ?? new Map<string, string | null>();
  kept.set(process, plans);
  return plans;
}

/** Fields drawn for a crisis; steps in an old file may have fewer. */
type Drawn = {
  readonly device: number;
  readonly subject: string;
  readonly type?: string;
  /** Time until it says more under the same key; `null` for never. */
  readonly againAfterMs?: number | null;
  readonly fields?: Readonly<Record<string, Json>>;
};

function drawCrisis(random: SeededRandom): Required<Drawn> {
  const fields = [...CRISIS_REQUESTS].flatMap(([name, { values }]): [string, Json][] =>
    random.chance(0.15) ? [[name, values[random.below(values.length)] ?? null]] : [],
  );
  return {
    device: random.below(16),
    subject: random.chance(0.2) ? random.pick([...PLANNED]) : `user-${random.below(5)}`,
    type: random.chance(0.4) ? TYPES[0] : CRISIS_TYPE,
    againAfterMs: random.chance(0.2) ? random.pick([0, 0, 60_000, 700_000]) : null,
    fields: Object.fromEntries(fields),
  };
}

/** @param answered - receives the id of an answered crisis */
function inCrisis(
  scene: Scene,
  { device: at, subject, ...drawn }: Drawn,
  answered: (device: Device, id: string) => void = () => undefined,
): void {
  const { againAfterMs = null, fields = {} } = drawn;
  const device = deviceAt(scene, at);
  const type = crisisTypeAt(device, drawn.type ?? TYPES[0]);
  const key = `crisis-${scene.nextRequest()}`;
  const says = (more: string): Json =>
    device.process.options.payloadBytesMax < SAID_BYTES_MAX
      ? null
      : { said: `${IN_CONFIDENCE}${more}` };
  const request = { type, subject, idempotencyKey: key, payload: says(''), ...fields };
  call(scene, device, request, key, answered);
  if (againAfterMs === null) return;
  scene.clock.schedule(againAfterMs, () => {
    device.whenAsked(() => {
      const other = { ...request, payload: says(', and more') };
      if (other.payload === null) return;
      scene.saw('another crisis under the key of one before');
      call(scene, device, other, `${key}-other`);
    });
  });
}

/** @param key - names the crisis in the trace */
function call(
  scene: Scene,
  device: Device,
  request: CrisisRequest,
  key: string,
  answered: (device: Device, id: string) => void = () => undefined,
): void {
  const { clock } = scene;
  const startedAtMs = clock.monotonic();
  const { localAfterMs, planWithinMs } = device.process.options.crisis;
  const mayWaitMs = Math.max(localAfterMs, planWithinMs);
  const planOwed = plansOf(device).get(request.subject) ?? null;
  void device.runtime
    .crisis(noteCrisis(request, device.clock.now(), key))
    .then((answer: CrisisAnswer) => {
      const { operationId: id, durable, delivery, resources } = answer;
      if (id === null) return;
      // A sleeping device answers once it is awake.
      const hasSlept = device.clock.hasSleptSince(startedAtMs);
      const waitedMs = hasSlept ? 0 : clock.monotonic() - startedAtMs;
      const plan = planOwed === null ? {} : { planOwed, planGiven: resources[0]?.name ?? null };
      const { length: helps } = resources.filter(({ from }) => from === 'builtIn');
      const { subject } = request;
      const shown = { subject, planSaid: answer.plan, person: resources[0]?.name ?? null };
      device.tell({ event: 'answered', key, id, waitedMs, mayWaitMs, helps, ...plan, ...shown });
      answered(device, id);
      durable.then(
        () => {
          device.tell({ event: 'accepted', key, id });
        },
        (error: unknown) => {
          refused(device, key, error);
        },
      );
      watch(device, { id, outcome: delivery });
    });
}

async function keepPlan(scene: Scene, device: Device, subject: string): Promise<void> {
  const plans = plansOf(device);
  const { crisisPlans } = device.runtime;
  const name = `Friend ${scene.nextRequest()}`;
  // Pins requested at the same time may take effect in any order.
  const isAlone = !plans.has(subject) || plans.get(subject) !== null;
  plans.set(subject, null);
  try {
    await crisisPlans.put(subject, { resources: [{ kind: 'contact', name, phone: '1' }] });
    await crisisPlans.pin(subject);
    if (isAlone) plans.set(subject, name);
    scene.saw('a plan is pinned');
  } catch {
    scene.saw('a plan was not kept');
  }
}

/** Time for which nobody takes a crisis: seldom long enough that people are called again and again. */
const UNHEARD_MS = [180_000, 180_000, 180_000, HOUR_MS, HOUR_MS, 6 * HOUR_MS] as const;

export const CRISES: readonly AnyStepKind[] = [
  stepKind({
    kind: 'work.crisis',
    counts: 'work',
    weight: 1,
    draw: drawCrisis,
    take: (scene, drawn) => {
      inCrisis(scene, drawn);
    },
    says: ({ subject }) => `${subject} is in crisis`,
  }),
  stepKind({
    kind: 'work.plan',
    counts: 'work',
    weight: 1,
    draw: (random) => ({ device: random.below(16), subject: random.pick([...PLANNED]) }),
    take: (scene, { device: at, subject }) => {
      void keepPlan(scene, deviceAt(scene, at), subject);
    },
    says: ({ device, subject }) => `the plan of ${subject} is kept on device ${device}`,
  }),
  stepKind({
    kind: 'crisis.unheard',
    counts: 'fault',
    weight: 2,
    draw: (random) => ({
      ...drawCrisis(random),
      type: CRISIS_TYPE,
      trouble: random.pick(['fails', 'is busy', 'rejects', 'is silent', 'drops'] as const),
      forMs: random.pick(UNHEARD_MS) + random.below(HOUR_MS / 4),
      takenOnAfterMs: random.chance(0.4) ? random.below(60_000) : null,
    }),
    take: (scene, { trouble: kind, forMs, takenOnAfterMs, ...drawn }) => {
      const endpoint = CRISIS_TYPE.replaceAll('.', '/');
      const [upstream] = [...scene.upstreams.values()];
      const undo = upstream?.add({ kind, endpoint, share: 1 });
      if (undo === undefined) return;
      scene.clock.schedule(forMs, scene.untilHealed(undo));
      scene.saw('a crisis that its upstream does not take');
      inCrisis(scene, drawn, (device, id) => {
        if (takenOnAfterMs === null) return;
        scene.clock.schedule(takenOnAfterMs, () => {
          device.whenAsked(() => void give(device, 'crisis.acknowledge', { id, by: PERSONS[0] }));
        });
      });
    },
    says: ({ subject, trouble, forMs }) =>
      `${subject} is in crisis, and where it goes ${trouble} for ${forMs} ms`,
  }),
];
