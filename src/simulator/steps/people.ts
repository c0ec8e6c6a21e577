/**
 * Steps in which people look at the runtime and give it orders: late, twice, by mistake, and two people at once.
 *
 * @module
 */

import type { SeededRandom } from '../../virtual/seededRandom.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { type Asking, give, ORDERS, type Params, PERSONS } from './orders.ts';
import { deviceAt } from './work.ts';

/** Weights of the calls that change something; all other calls only look, and have one weight. */
const CHANGES: Readonly<Record<string, number>> = {
  'operation.cancel': 4,
  'operation.retry': 4,
  'conflict.resolve': 8,
  'conflict.undo': 3,
  'deadLetter.replay': 3,
  'deadLetter.replayBatch': 2,
  'deadLetter.purge': 1,
  'deadLetter.purgeBatch': 1,
  'crisis.acknowledge': 5,
  'crisis.acknowledgeSubject': 2,
  'crisis.release': 3,
  'crisis.callOff': 2,
  'crisis.saySafe': 2,
  'crisisMode.enter': 2,
  'crisisMode.leave': 2,
  'breaker.forceOpen': 2,
  'breaker.disable': 2,
  'breaker.observe': 1,
  'breaker.release': 2,
  'policies.set': 1,
  'quarantine.retry': 1,
  'quarantine.purge': 1,
  'store.release': 1,
  'store.backup': 1,
};

const LOOKS = Object.keys(ORDERS).filter((call) => !Object.hasOwn(CHANGES, call));

/** Calls whose giver takes them back after a while, with the parameters for that. */
const TAKEN_BACK: Readonly<Record<string, (params: Params) => Params>> = {
  'breaker.forceOpen': ({ upstream, by }) => ({ upstream, by }),
  'breaker.disable': ({ upstream, by }) => ({ upstream, by }),
  'breaker.observe': ({ upstream, by }) => ({ upstream, by }),
};

function drawnCall(random: SeededRandom): string {
  const calls = Object.entries(CHANGES);
  let draw = random.next() * calls.reduce((sum, [, weight]) => sum + weight, 0);
  return calls.find(([, weight]) => (draw -= weight) < 0)?.[0] ?? 'operation.cancel';
}

/** Chance that the process dies while it carries out a decision. */
const DIES_SHARE = 0.5;

/** Fields drawn for an order. */
interface Drawn {
  readonly device: number;
  readonly call: string;
  readonly by: number;
  /** Another person who gives the same order at the same instant; `null` for nobody. */
  readonly also: number | null;
  /** Time that the person thinks, on what they have seen. */
  readonly lateMs: number;
  /** True if the person gives it twice. */
  readonly isTwice: boolean;
  readonly which: number;
  readonly isWrong: boolean;
  /** Time until the person releases what they hold. */
  readonly holdMs: number;
}

async function ask(scene: Scene, drawn: Drawn, random: SeededRandom): Promise<void> {
  const { call, which, isWrong, lateMs, also, isTwice, holdMs } = drawn;
  const device = deviceAt(scene, drawn.device);
  const by = PERSONS[drawn.by % PERSONS.length] ?? PERSONS[0];
  const paramsOf = ORDERS[call];
  if (paramsOf === undefined) throw new Error(`No person knows how to ask for ${call}.`);
  const asking: Asking = { scene, device, random, by, which, isWrong };
  const params = await paramsOf(asking);
  await passed(scene, lateMs);
  const other = PERSONS[(also ?? 0) % PERSONS.length];
  const mayDie = call === 'conflict.resolve' && random.chance(DIES_SHARE);
  if (mayDie && (await give(device, 'conflict.show', { id: params['id'] })) !== null) {
    device.at('timer', 1 + random.below(3), 0, () => {
      if (device.process.isDead()) return;
      scene.saw('a decision under a kill');
      void device.killAndBoot();
    });
  }
  const given = [give(device, call, params)];
  if (also !== null) given.push(give(device, call, { ...params, ...byOther(params, other) }));
  if (isTwice) given.push(give(device, call, params));
  await Promise.all(given);
  const takenBack = TAKEN_BACK[call]?.(params);
  if (takenBack === undefined) return;
  await passed(scene, holdMs);
  // Somebody else tries to release it, without holding anything there.
  const tries = PERSONS[random.below(PERSONS.length)];
  if (random.chance(0.3)) await give(device, 'breaker.release', { ...takenBack, by: tries?.id });
  for (let left = given.length; left > 0; left -= 1)
    await give(device, 'breaker.release', takenBack);
}

/** Names another person as the giver of the order; some calls take an id alone. */
function byOther({ by }: Params, other: unknown): Params {
  if (by === undefined) return {};
  return { by: typeof by === 'string' ? (other as { readonly id: string }).id : other };
}

async function passed({ clock }: Scene, ms: number): Promise<void> {
  if (ms === 0) return;
  await new Promise<void>((resolve) => {
    clock.schedule(ms, resolve);
  });
}

export const PEOPLE: readonly AnyStepKind[] = [
  stepKind({
    kind: 'people.order',
    counts: 'order',
    weight: 3,
    draw: (random) => ({
      device: random.below(16),
      call: drawnCall(random),
      by: random.below(PERSONS.length),
      also: random.chance(0.15) ? random.below(PERSONS.length) : null,
      lateMs: random.chance(0.5) ? 0 : random.below(600_000),
      isTwice: random.chance(0.15),
      which: random.next(),
      isWrong: random.chance(0.1),
      holdMs: 1_000 + random.below(1_800_000),
    }),
    take: (scene, drawn, random) => void ask(scene, drawn, random),
    says: ({ device, call, by, also, lateMs, isTwice }) =>
      `person ${by}${also === null ? '' : ` and person ${also}`} at device ${device} asks for ${call}` +
      `${lateMs === 0 ? '' : ` after ${lateMs} ms`}${isTwice ? ', twice' : ''}`,
  }),
  stepKind({
    kind: 'people.look',
    counts: 'order',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      call: LOOKS[random.below(LOOKS.length)] ?? 'health',
      which: random.next(),
      isWrong: random.chance(0.1),
    }),
    take: (scene, drawn, random) =>
      void ask(
        scene,
        { ...drawn, by: 0, also: null, lateMs: 0, isTwice: false, holdMs: 0 },
        random,
      ),
    says: ({ device, call }) => `a person looks at ${call} of device ${device}`,
  }),
];
