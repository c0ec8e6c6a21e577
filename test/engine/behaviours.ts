/**
 * What every engine must do, as its callers and its upstream see it. Each behaviour is asked of the
 * port; none knows a store, an actor or a clock.
 *
 * @module
 */

import { expect } from 'vitest';
import { broughtBack } from '../../machines/operation/repeatSafety.ts';
import { checkRequest } from '../../machines/policy/request/request.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { Priority, Tier } from '../../machines/vocabulary/urgency.ts';
import { type Capabilities, type EngineScene, KIT_TYPES, SLOW_RETRY_MS } from './engineScene.ts';
import type { Answer } from './scriptedUpstream.ts';

export interface Behaviour {
  /** Begins with the requirements it shows. */
  readonly title: string;
  /** Asked only of engines that declare it. */
  readonly needs?: keyof Capabilities;
  readonly show: (scene: EngineScene) => Promise<void>;
}

interface Asked {
  readonly type: string;
  readonly tier: Tier;
  readonly priority: Priority;
  readonly answers: readonly Answer[];
  /** Its lane. */
  readonly entity: string | undefined;
  readonly key: string | undefined;
  readonly expiresInMs: number | undefined;
  /** Left out: one that no other operation has. */
  readonly number: number | undefined;
}

let numbers = 0;
function nextNumber(): number {
  numbers += 1;
  return numbers;
}

/** A lane or a key that no other behaviour uses. */
function unused(word: string): string {
  return `${word}-${nextNumber()}`;
}

interface Sent {
  readonly id: string;
  readonly number: number;
  readonly isDuplicate: boolean;
}

async function send(scene: EngineScene, asked: Partial<Asked> = {}): Promise<Sent> {
  const { entity, answers = [], expiresInMs, number = nextNumber() } = asked;
  const request = checkRequest({
    type: asked.type ?? KIT_TYPES.put,
    subject: 'user-42',
    tier: asked.tier ?? 'premium',
    priority: asked.priority ?? 'normal',
    payload: { number, answers } as unknown as Json,
    ...(entity === undefined ? {} : { entity: { type: 'thing', id: entity } }),
    ...(asked.key === undefined ? {} : { idempotencyKey: asked.key }),
    ...(expiresInMs === undefined ? {} : { expiresAtMs: scene.now() + expiresInMs }),
  });
  return { ...(await scene.engine.accept(request, { withinMs: 10_000 })), number };
}

async function until(
  scene: EngineScene,
  isSo: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  for (let asked = 0; !(await isSo()); asked += 1) {
    if (asked > 6_000) throw new Error(`It does not come to this: ${what}.`);
    await scene.pass(20);
  }
}

async function untilState(scene: EngineScene, { id }: Sent, state: string): Promise<void> {
  await until(scene, async () => (await scene.engine.view(id)).state === state, state);
}

async function completed(scene: EngineScene, ...sent: readonly Sent[]): Promise<void> {
  for (const { id } of sent) {
    expect(await scene.engine.outcome(id)).toMatchObject({ status: 'completed' });
  }
}

async function deadLettered(scene: EngineScene, { id }: Sent, code: string): Promise<void> {
  expect(await scene.engine.outcome(id)).toMatchObject({ status: 'deadLettered', error: { code } });
}

const ENDINGS: readonly Behaviour[] = [
  {
    title: 'OP-1 OP-3 completes after 503 and 500, under one key, and is applied once',
    async show(scene) {
      const sent = await send(scene, { answers: [503, 500] });
      await completed(scene, sent);
      expect(scene.upstream.effectsOf(sent.number)).toHaveLength(1);
      const attempts = scene.upstream.attemptsOf(sent.number);
      expect([attempts.length, new Set(attempts.map(({ key }) => key)).size]).toEqual([3, 1]);
    },
  },
  {
    title: 'RT-1 a trial is given up after three attempts',
    async show(scene) {
      const sent = await send(scene, { tier: 'trial', answers: [500, 500, 500, 500] });
      await deadLettered(scene, sent, 'HF_ATTEMPTS_EXHAUSTED');
      expect(scene.upstream.attemptsOf(sent.number)).toHaveLength(3);
    },
  },
  {
    title: 'RT-2 what the upstream refuses for good is given up at once',
    async show(scene) {
      const sent = await send(scene, { answers: [422] });
      await deadLettered(scene, sent, 'HF_UPSTREAM_REFUSED');
      expect(scene.upstream.attemptsOf(sent.number)).toHaveLength(1);
    },
  },
  {
    title: 'RT-2 OP-3 an answer that was lost is asked for again, and nothing is applied twice',
    async show(scene) {
      const sent = await send(scene, { answers: ['drop'] });
      await completed(scene, sent);
      expect(scene.upstream.attemptsOf(sent.number)).toHaveLength(2);
      expect(scene.upstream.effectsOf(sent.number)).toHaveLength(1);
    },
  },
  {
    title: 'RT-2 what is not safe to repeat waits for a review, and a person may have it repeated',
    async show(scene) {
      const sent = await send(scene, { type: KIT_TYPES.unsafe, answers: ['drop'] });
      await untilState(scene, sent, 'inReview');
      expect(scene.upstream.attemptsOf(sent.number)).toHaveLength(1);
      await scene.engine.tell(sent.id, 'retry.requested');
      await completed(scene, sent);
    },
  },
  {
    title: 'CF-6 a conflict waits for a person, whose cancel ends it',
    async show(scene) {
      const sent = await send(scene, { answers: [409] });
      await untilState(scene, sent, 'conflicted');
      await scene.engine.tell(sent.id, 'cancel.requested');
      expect(await scene.engine.outcome(sent.id)).toMatchObject({ status: 'cancelled' });
    },
  },
  {
    title: 'OP-5 is cancelled while it backs off',
    async show(scene) {
      const sent = await send(scene, { tier: 'basic', answers: [500] });
      await untilState(scene, sent, 'backingOff');
      await scene.engine.tell(sent.id, 'cancel.requested');
      expect(await scene.engine.outcome(sent.id)).toMatchObject({ status: 'cancelled' });
      expect(scene.upstream.effectsOf(sent.number)).toEqual([]);
    },
  },
  {
    title: 'OP-5 is cancelled while an attempt runs',
    async show(scene) {
      const sent = await send(scene, { answers: ['hang'] });
      await until(scene, () => scene.upstream.attemptsOf(sent.number).length === 1, 'an attempt');
      await scene.engine.tell(sent.id, 'cancel.requested');
      expect(await scene.engine.outcome(sent.id)).toMatchObject({ status: 'cancelled' });
    },
  },
  {
    title: 'OP-5 expires while it backs off',
    async show(scene) {
      const sent = await send(scene, { tier: 'basic', answers: [500], expiresInMs: 700 });
      expect(await scene.engine.outcome(sent.id)).toMatchObject({ status: 'expired' });
      expect(scene.upstream.effectsOf(sent.number)).toEqual([]);
    },
  },
  {
    title: 'OP-5 a dead letter is brought back and completes, or is forgotten',
    async show(scene) {
      const back = await send(scene, { answers: [422] });
      const gone = await send(scene, { answers: [422] });
      for (const sent of [back, gone]) await deadLettered(scene, sent, 'HF_UPSTREAM_REFUSED');
      const { deadLetters } = scene.engine;
      const letter = await deadLetters.find(back.id);
      const facts = { atMs: scene.now(), idempotencyKey: null, isRepeatApproved: false };
      const context = broughtBack(letter.context, facts);
      if (context === null) throw new Error('the chart keeps it');
      expect(await deadLetters.replay([{ letter, context, body: null }])).toEqual([true]);
      await completed(scene, back);
      const letters = [await deadLetters.find(gone.id)];
      expect(await deadLetters.purge(letters)).toEqual([true]);
      await expect(scene.engine.view(gone.id)).rejects.toMatchObject({
        code: 'HF_OPERATION_UNKNOWN',
      });
    },
  },
];

const LANES: readonly Behaviour[] = [
  {
    title: 'OP-4 a lane keeps the order of acceptance while its head backs off',
    async show(scene) {
      const entity = unused('lane');
      const first = await send(scene, { entity, answers: [500, 500] });
      const second = await send(scene, { entity });
      const third = await send(scene, { entity });
      await completed(scene, third, second, first);
      const all = [first.number, second.number, third.number];
      expect(scene.upstream.effectsOf(...all)).toEqual(all);
    },
  },
  {
    title: 'OP-4 a lane goes on past a dead letter',
    async show(scene) {
      const entity = unused('lane');
      const first = await send(scene, { entity, answers: [422] });
      const second = await send(scene, { entity });
      await completed(scene, second);
      await deadLettered(scene, first, 'HF_UPSTREAM_REFUSED');
    },
  },
  {
    title: 'OP-4 with strictOrder a dead letter holds its lane',
    async show(scene) {
      const entity = unused('lane');
      const { strict: type } = KIT_TYPES;
      const first = await send(scene, { type, entity, answers: [422] });
      const second = await send(scene, { type, entity });
      await deadLettered(scene, first, 'HF_UPSTREAM_REFUSED');
      await scene.pass(300);
      expect(scene.upstream.attemptsOf(second.number)).toEqual([]);
      expect(await scene.engine.view(second.id)).toMatchObject({ state: 'inLane' });
      await scene.engine.deadLetters.purge([await scene.engine.deadLetters.find(first.id)]);
      await completed(scene, second);
    },
  },
  {
    title: 'OP-5 OP-4 is cancelled while it waits in its lane, and the next goes on',
    async show(scene) {
      const entity = unused('lane');
      const head = await send(scene, { entity, tier: 'basic', answers: [500] });
      const cancelled = await send(scene, { entity });
      const last = await send(scene, { entity });
      await scene.engine.tell(cancelled.id, 'cancel.requested');
      expect(await scene.engine.outcome(cancelled.id)).toMatchObject({ status: 'cancelled' });
      await untilState(scene, head, 'backingOff');
      await scene.engine.tell(head.id, 'retry.requested');
      await completed(scene, head, last);
      expect(scene.upstream.attemptsOf(cancelled.number)).toEqual([]);
    },
  },
  {
    title: 'OP-6 of those that wait for a place the most urgent goes first',
    needs: 'exactPriority',
    async show(scene) {
      const { narrow: type } = KIT_TYPES;
      const running = await send(scene, { type, answers: ['hang'] });
      await until(scene, () => scene.upstream.attemptsOf(running.number).length === 1, 'running');
      const low = await send(scene, { type, priority: 'low' });
      const normal = await send(scene, { type });
      const high = await send(scene, { type, priority: 'high' });
      await scene.engine.tell(running.id, 'cancel.requested');
      await completed(scene, low, normal, high);
      expect(scene.upstream.effectsOf(low.number, normal.number, high.number)).toEqual([
        high.number,
        normal.number,
        low.number,
      ]);
    },
  },
];

const KEYS: readonly Behaviour[] = [
  {
    title: 'OP-8 a repeat finds the first, also after that has ended',
    async show(scene) {
      const again = { key: unused('key'), number: nextNumber() };
      const first = await send(scene, again);
      await completed(scene, first);
      const second = await send(scene, again);
      expect([second.id, second.isDuplicate]).toEqual([first.id, true]);
      expect(scene.upstream.effectsOf(first.number)).toHaveLength(1);
    },
  },
  {
    title: 'OP-8 the same key with another body is refused',
    async show(scene) {
      const key = unused('key');
      const first = await send(scene, { key });
      await expect(send(scene, { key })).rejects.toMatchObject({ code: 'HF_IDEMPOTENCY_CONFLICT' });
      await completed(scene, first);
    },
  },
  {
    title: 'OP-2 what was accepted is listed in the order of acceptance',
    async show(scene) {
      const sent = [await send(scene), await send(scene), await send(scene)];
      const { views } = await scene.engine.list({
        filter: {},
        order: 'oldest',
        afterSeq: 0,
        limit: 1_000,
      });
      const ids = views.map(({ id }) => id);
      const places = sent.map(({ id }) => ids.indexOf(id));
      expect(places).not.toContain(-1);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    },
  },
];

const CRASHES: readonly Behaviour[] = [
  {
    title: 'SV-3 OP-2 what was accepted before a kill completes after it, once',
    async show(scene) {
      const entity = unused('lane');
      const sent = [
        await send(scene, { entity, answers: [500] }),
        await send(scene, { entity }),
        await send(scene, { tier: 'trial', answers: [503] }),
        await send(scene),
      ];
      await scene.kill();
      await scene.restart();
      await completed(scene, ...sent);
      const all = sent.map(({ number }) => number);
      const effects = scene.upstream.effectsOf(...all);
      expect(effects.toSorted((a, b) => a - b)).toEqual(all.toSorted((a, b) => a - b));
      expect(scene.upstream.effectsOf(...all.slice(0, 2))).toEqual(all.slice(0, 2));
    },
  },
  {
    title: 'SV-3 PS-2 an attempt that a kill cut off is made again under the same key',
    async show(scene) {
      const sent = await send(scene, { answers: ['hang'] });
      await until(scene, () => scene.upstream.attemptsOf(sent.number).length === 1, 'an attempt');
      await scene.kill();
      await scene.restart();
      await completed(scene, sent);
      const keys = scene.upstream.attemptsOf(sent.number).map(({ key }) => key);
      expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
    },
  },
  {
    title: 'PS-2 OP-8 an ending and its key are the same after a kill',
    async show(scene) {
      const again = { key: unused('key'), number: nextNumber(), answers: [422] as const };
      const sent = await send(scene, again);
      const before = await scene.engine.outcome(sent.id);
      await scene.kill();
      await scene.restart();
      const after = await scene.engine.outcome(sent.id);
      expect([after.status, after.settledAtMs]).toEqual([before.status, before.settledAtMs]);
      expect(await send(scene, again)).toMatchObject({ id: sent.id, isDuplicate: true });
      expect(scene.upstream.attemptsOf(sent.number)).toHaveLength(1);
    },
  },
  {
    title: 'RT-2 what waited for a review before a kill waits for it after',
    async show(scene) {
      const sent = await send(scene, { type: KIT_TYPES.unsafe, answers: ['drop'] });
      await untilState(scene, sent, 'inReview');
      await scene.pass(200);
      await scene.kill();
      await scene.restart();
      await scene.pass(200);
      expect(await scene.engine.view(sent.id)).toMatchObject({ state: 'inReview' });
      expect(scene.upstream.attemptsOf(sent.number)).toHaveLength(1);
    },
  },
  {
    title: 'RT-4 a retry that is due later is made when it is due, over a kill',
    needs: 'virtualTime',
    async show(scene) {
      const sent = await send(scene, { tier: 'basic', answers: [500] });
      await untilState(scene, sent, 'backingOff');
      await scene.pass(1_000);
      await scene.kill();
      await scene.restart();
      await scene.pass(SLOW_RETRY_MS / 2);
      expect(scene.upstream.attemptsOf(sent.number)).toHaveLength(1);
      await completed(scene, sent);
    },
  },
];

const CRISES: readonly Behaviour[] = [
  {
    title: 'CR-1 CR-4 a crisis is answered at once and delivered',
    async show(scene) {
      const number = nextNumber();
      const answer = await scene.engine.crisis(crisis(number, [503]));
      expect(answer.elapsedMs).toBeLessThan(200);
      expect(answer.resources.length).toBeGreaterThan(0);
      expect(await answer.delivery).toMatchObject({ status: 'completed' });
      expect(scene.upstream.effectsOf(number)).toHaveLength(1);
    },
  },
  {
    title: 'CR-4 a crisis that is durable outlives a kill',
    needs: 'crisisDurableLocally',
    async show(scene) {
      const number = nextNumber();
      const { durable, operationId } = await scene.engine.crisis(crisis(number, ['hang']));
      await durable;
      await scene.kill();
      await scene.restart();
      expect(await scene.engine.outcome(operationId ?? '')).toMatchObject({ status: 'completed' });
      expect(scene.upstream.effectsOf(number)).toHaveLength(1);
    },
  },
];

function crisis(number: number, answers: readonly Answer[]): object {
  return { subject: 'user-42', type: KIT_TYPES.put, payload: { number, answers } };
}

export const BEHAVIOURS: readonly Behaviour[] = [
  ...ENDINGS,
  ...LANES,
  ...KEYS,
  ...CRASHES,
  ...CRISES,
];
