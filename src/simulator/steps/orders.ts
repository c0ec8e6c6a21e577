/**
 * Every management call as a person makes it: what they look at first, and what they then ask for.
 *
 * @module
 */

import { type CrisisModeState, SUBJECT_RECORD_KINDS } from '../../../actors/port.ts';
import { type ErrorCode, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Person } from '../../../machines/vocabulary/subject.ts';
import type { HoldfastRuntime } from '../../holdfastRuntime.ts';
import type { Conflict } from '../../management/conflict.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import type { TraceEvents } from '../oracle/trace.ts';
import type { Device } from '../scene/device.ts';
import type { Scene } from '../scene/scene.ts';

/** People who give orders. The last has crises of their own, and nobody may decide about their own. */
export const PERSONS: readonly [Person, ...Person[]] = [
  { id: 'ana', role: 'clinician' },
  { id: 'ben', role: 'operator' },
  { id: 'cleo', role: 'clinician' },
  { id: 'dan' },
  { id: 'user-1', role: 'subject' },
];

/** Parameters of a call. */
export type Params = Readonly<Record<string, unknown>>;

/** A person at a device, about to give an order. */
export interface Asking {
  readonly scene: Pick<Scene, 'upstreams'>;
  readonly device: Device;
  readonly random: SeededRandom;
  readonly by: Person;
  /** Place of the chosen thing among all, from 0 to 1. */
  readonly which: number;
  /** True if the person gives a wrong name. */
  readonly isWrong: boolean;
}

const UNKNOWN_IDS = ['nobody', '018f0000-0000-7000-8000-000000000000', ''] as const;

/** Makes the parameters of each call, by its name. A missing call fails test/src/simulator/people.test.ts. */
export const ORDERS: Readonly<Record<string, (asking: Asking) => Params | Promise<Params>>> = {
  health: () => ({}),
  'store.backup': () => ({ path: 'backup' }),
  'store.release': ({ by }) => ({ by }),
  'operation.list': ({ random }) => ({
    ...filterOf(random),
    order: random.pick(['newest', 'oldest']),
    limit: random.pick([1, 20, 250]),
  }),
  'operation.count': ({ random }) => (random.chance(0.5) ? {} : filterOf(random)),
  'operation.show': (asking) => ({ id: operationId(asking) }),
  'operation.cancel': (asking) => ({ id: operationId(asking), by: asking.by }),
  'operation.retry': (asking) => ({ id: operationId(asking), by: asking.by }),
  'conflict.page': ({ random }) => ({
    filter: random.chance(0.5) ? {} : { all: true },
    order: random.pick(['newest', 'oldest']),
  }),
  'conflict.about': async (asking) => ({ id: await conflictId(asking) }),
  'conflict.show': async (asking) => ({ id: await conflictId(asking) }),
  'conflict.preview': decisionOn,
  'conflict.resolve': decisionOn,
  'conflict.undo': async (asking) => ({ id: await conflictId(asking), by: asking.by }),
  'deadLetter.page': ({ random }) => ({
    filter: letterFilter(random),
    order: random.pick(['newest', 'oldest']),
  }),
  'deadLetter.show': async (asking) => ({ id: await letterId(asking) }),
  'deadLetter.answer': async (asking) => ({ id: await letterId(asking) }),
  'deadLetter.replay': async (asking) => ({
    id: await letterId(asking),
    by: asking.by,
    ...(asking.random.chance(0.2) ? { evenIfApplied: true } : {}),
  }),
  'deadLetter.replayBatch': ({ random, by }) => ({
    filter: letterFilter(random),
    by,
    ...(random.chance(0.3) ? { dryRun: true } : {}),
  }),
  'deadLetter.purge': async (asking) => ({ id: await letterId(asking), by: asking.by }),
  'deadLetter.purgeBatch': ({ random, by }) => ({
    filter: letterFilter(random),
    by,
    ...(random.chance(0.5) ? { dryRun: true } : {}),
  }),
  'quarantine.page': () => ({ fromSeq: 0 }),
  'quarantine.sealed': () => ({ fromSeq: 0 }),
  'quarantine.show': async (asking) => ({ id: await quarantinedId(asking) }),
  'quarantine.retry': async (asking) => ({ id: await quarantinedId(asking), by: asking.by }),
  'quarantine.purge': async (asking) => ({ id: await quarantinedId(asking), by: asking.by }),
  'audit.page': () => ({ fromSeq: 0, limit: 9 }),
  'audit.handle': ({ by }) => ({ person: by.id }),
  'audit.checkpoint': () => ({}),
  'subject.export': ({ random }) => ({
    subject: random.pick(['user-1', 'user-2', 'nobody']),
    ...{ kind: random.pick(SUBJECT_RECORD_KINDS), after: 0 },
  }),
  'crisis.list': ({ random }) => ({ unacknowledged: random.chance(0.5) }),
  'crisis.show': async (asking) => ({ id: await crisisId(asking) }),
  'crisis.acknowledge': async (asking) => ({
    id: await crisisId(asking),
    by: asking.by,
    ...termOf(asking.random),
  }),
  'crisis.acknowledgeSubject': ({ random, by }) => ({
    subject: subjectOf(random),
    by,
    ...termOf(random),
  }),
  'crisis.release': async (asking) => ({
    id: await crisisId(asking),
    by: asking.by,
    note: 'off shift',
  }),
  'crisis.callOff': async (asking) => {
    const id = await crisisId(asking);
    const { random, by } = asking;
    const confirm = random.chance(0.3) ? { confirm: id.slice(-8) } : {};
    return { id, by, reason: 'a test call', ...confirm };
  },
  'crisis.saySafe': ({ random }) => ({ subject: subjectOf(random), note: 'my sister is here' }),
  'breaker.forceOpen': (asking) => ({
    upstream: upstreamOf(asking),
    reason: 'maintenance',
    by: asking.by.id,
  }),
  'breaker.disable': (asking) => ({ upstream: upstreamOf(asking), by: asking.by.id }),
  'breaker.observe': (asking) => ({ upstream: upstreamOf(asking), by: asking.by.id }),
  'breaker.release': (asking) => ({
    upstream: upstreamOf(asking),
    ...asking.random.pick<Params>([{}, { by: asking.by.id }, { by: asking.by.id, of: 'ana' }]),
  }),
  'crisisMode.list': () => ({}),
  'crisisMode.enter': ({ random, by }) => ({
    ...(random.chance(0.2) ? {} : { subject: subjectOf(random) }),
    by,
    forMs: random.pick([60_000, 600_000, 14_400_000]),
  }),
  'crisisMode.leave': ({ random, by }) => ({
    ...(random.chance(0.3) ? {} : { subject: subjectOf(random) }),
    by,
  }),
  'policies.show': (asking) => ({
    upstream: upstreamOf(asking),
    tier: asking.random.pick(['premium', 'basic', 'trial']),
  }),
  'policies.set': ({ device, random }) => {
    const layers = device.runtime.policyLayers();
    const attemptTimeoutMs = random.pick([2_000, 10_000]);
    return { layers: { ...layers, defaults: { ...layers.defaults, attemptTimeoutMs } } };
  },
};

/**
 * Acts of operations that a call asks for. A driver tells them before the call, so that nobody takes them for a fault
 * even where no answer comes.
 */
const ASKED: Readonly<Record<string, TraceEvents['asked']['what']>> = {
  'operation.cancel': 'cancel',
  'operation.retry': 'retryNow',
  'crisis.callOff': 'cancel',
  'crisis.acknowledge': 'takeOn',
  'crisis.acknowledgeSubject': 'takeOn',
  'deadLetter.replay': 'replay',
  'deadLetter.replayBatch': 'replay',
  'deadLetter.purge': 'purge',
  'deadLetter.purgeBatch': 'purge',
  'quarantine.purge': 'purge',
  'crisisMode.leave': 'leaveMode',
};

/** Gives an order as the socket and the inspector's page do, and tells its result; returns `null` for a refusal. */
export async function give(device: Device, call: string, params: Params): Promise<unknown> {
  const { runtime, number: process } = device.process;
  const { id, by } = params as { readonly id?: unknown; readonly by?: unknown };
  const about = {
    call,
    process,
    id: typeof id === 'string' ? id : null,
    by: typeof by === 'string' ? by : ((by as Person | undefined)?.id ?? null),
    params,
  };
  const what = ASKED[call];
  if (what !== undefined && params['dryRun'] !== true) {
    device.tell({ event: 'asked', id: about.id, what });
  }
  try {
    const answer =
      call === 'store.backup'
        ? await runtime.backup(String(params['path']))
        : await (runtime as HoldfastRuntime).feed.call(call, params);
    device.tell({ event: 'ordered', ...about, answer, code: null });
    return answer ?? {};
  } catch (error) {
    device.tell({ event: 'ordered', ...about, answer: null, code: codeOf(error) });
    return null;
  }
}

function codeOf(error: unknown): ErrorCode | 'no code' {
  return isHoldfastError(error) ? error.code : 'no code';
}

/** Chooses one of these; an unknown one where the person is wrong, or where there is none. */
function chosen({ which, isWrong, random }: Asking, ids: readonly string[]): string {
  const id = ids[Math.floor(which * ids.length)];
  return isWrong || id === undefined ? random.pick(UNKNOWN_IDS) : id;
}

function operationId(asking: Asking): string {
  const ids = [...asking.device.accepted];
  // Most orders are about recent work.
  return chosen(asking, asking.random.chance(0.7) ? ids.slice(-40) : ids);
}

/** Lists things and chooses one, or any operation, which the call will refuse. */
async function looked(
  asking: Asking,
  call: string,
  params: Params,
  idsIn: (answer: never) => readonly { readonly id: string }[],
): Promise<string> {
  const answer = await give(asking.device, call, params);
  const ids = answer === null ? [] : idsIn(answer as never).map(({ id }) => id);
  return ids.length === 0 ? operationId(asking) : chosen(asking, ids);
}

async function letterId(asking: Asking): Promise<string> {
  const query = { filter: {}, order: 'newest' };
  type Page = { readonly letters: readonly { readonly id: string }[] };
  return await looked(asking, 'deadLetter.page', query, ({ letters }: Page) => letters);
}

async function crisisId(asking: Asking): Promise<string> {
  return await looked(
    asking,
    'crisis.list',
    {},
    (open: readonly { readonly id: string }[]) => open,
  );
}

async function quarantinedId(asking: Asking): Promise<string> {
  type Page = { readonly records: readonly { readonly id: string }[] };
  return await looked(asking, 'quarantine.page', { fromSeq: 0 }, ({ records }: Page) => records);
}

async function conflictId(asking: Asking): Promise<string> {
  const filter = asking.random.chance(0.3) ? { all: true } : {};
  type Page = { readonly conflicts: readonly Conflict[] };
  const query = { filter, order: 'newest' };
  return await looked(asking, 'conflict.page', query, ({ conflicts }: Page) => conflicts);
}

/** Draws a decision on a conflict: one side for all, or an answer to each question, now and then one too few. */
async function decisionOn(asking: Asking): Promise<Params> {
  const { device, random, by } = asking;
  const id = await conflictId(asking);
  if (random.chance(0.4)) return { id, by, side: 1 + random.below(2) };
  const shown = (await give(device, 'conflict.show', { id })) as {
    readonly asked: readonly {
      readonly number: number;
      readonly alternatives: readonly unknown[];
    }[];
  } | null;
  const asked = (shown?.asked ?? []).slice(random.chance(0.1) ? 1 : 0);
  const choices = asked.map(({ number, alternatives }) => [
    number,
    { take: random.below(alternatives.length + 1) },
  ]);
  return { id, by, choices: Object.fromEntries(choices) };
}

function upstreamOf({ scene, which, isWrong }: Asking): string {
  const names = [...scene.upstreams.keys()];
  return isWrong ? 'nowhere' : (names[Math.floor(which * names.length)] ?? 'nowhere');
}

function subjectOf(random: SeededRandom): string {
  return `user-${random.below(6)}`;
}

function termOf(random: SeededRandom): Params {
  return random.pick<Params>([{}, { forMs: 60_000 }, { forMs: 14_400_000, note: 'I have it' }]);
}

function filterOf(random: SeededRandom): Params {
  return random.pick<Params>([
    {},
    { type: 'payments.push' },
    { subject: subjectOf(random) },
    { tier: 'trial' },
    { priority: 'crisis' },
    { reason: 'lane' },
    { state: 'completed' },
    { entity: { type: 'account', id: 'a1' } },
    { tag: 'tag-1' },
  ]);
}

function letterFilter(random: SeededRandom): Params {
  return random.pick<Params>([
    {},
    { type: 'payments.push' },
    { typePart: 'REC' },
    { upstream: 'payments' },
    { code: 'HF_ATTEMPTS_EXHAUSTED' },
  ]);
}

/** Ends the shift of all people: they decide what waits for them, and release what they hold. */
export async function closeUp(device: Device): Promise<void> {
  const by = PERSONS[2] ?? PERSONS[0];
  const { runtime } = device;
  if (runtime.getHealthStatus().hold !== null) await give(device, 'store.release', { by });
  // The process's own names count: an upstream may have another by now.
  for (const upstream of Object.keys(runtime.getHealthStatus().upstreams)) {
    for (let left = 20; left > 0 && runtime.upstream(upstream).hold !== null; left -= 1) {
      await give(device, 'breaker.release', { upstream });
    }
  }
  for (const { subject } of runtime.crisisMode.list()) await leave(device, subject);
  const waiting = (await give(device, 'conflict.page', { filter: {}, order: 'oldest' })) as {
    readonly conflicts: readonly Conflict[];
  } | null;
  for (const { id, isToBeCarriedOut } of waiting?.conflicts ?? []) {
    if (!isToBeCarriedOut) await give(device, 'conflict.resolve', { id, by, side: 1 });
  }
  for (const reason of ['conflict', 'review']) {
    const listed = (await give(device, 'operation.list', { reason })) as {
      readonly views: readonly { readonly id: string }[];
    } | null;
    for (const { id } of listed?.views ?? []) await give(device, 'operation.cancel', { id, by });
  }
}

/** Ends a crisis mode; at least one of several people has neither switched it on nor prolonged it. */
async function leave(device: Device, subject: CrisisModeState['subject']): Promise<void> {
  for (const by of [...PERSONS, { id: 'eve', role: 'clinician' }]) {
    const of = subject === null ? {} : { subject };
    if ((await give(device, 'crisisMode.leave', { ...of, by })) !== null) return;
  }
}
