import { describe, expect, test } from 'vitest';
import type { Fact } from '../../../actors/facts/fact.ts';
import { FACT_NEWS, NEWS_KINDS, NEWS_WANTED } from '../../../actors/facts/factNews.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { FACT_KINDS } from '../../../actors/facts/factTable.ts';
import { allTransitions } from '../../../inspector/charts/transitions.ts';
import { statePaths, transitionPlaces } from '../../../inspector/projection/chartDefinition.ts';
import {
  projectActor,
  projectFact,
  type TappedActor,
} from '../../../inspector/projection/projection.ts';
import { StepLog } from '../../../inspector/projection/stepLog.ts';
import { machines } from '../../../machines/index.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const CANARY = 'canary';
/** What more may come with whatever is told: none of it is named, so none of it leaves. */
const MORE = {
  context: { subject: CANARY },
  input: CANARY,
  output: CANARY,
  payload: CANARY,
  subject: CANARY,
  tags: [CANARY],
  snapshot: { context: CANARY },
};

describe('AC-2 SE-5 what is told is listed, field by field', () => {
  test('AC-2 of an actor: its chart, where it stands, and what kind of work it is', () => {
    const tapped = {
      ...MORE,
      ...{ session: 'x:7', id: 'it', machine: syncOperationMachine, value: 'waiting' },
      about: {
        ...MORE,
        type: 'a.b',
        upstream: 'up',
        tier: 'trial',
        priority: 'low',
        acceptedAtMs: 3,
      },
    } as TappedActor;
    const told = projectActor(tapped, 5);
    expect(told).toEqual({
      ...{ actor: 7, id: 'it', machine: 'syncOperation', version: syncOperationMachine.version },
      ...{ states: ['waiting'], sinceAtMs: 5 },
      about: { type: 'a.b', upstream: 'up', tier: 'trial', priority: 'low', acceptedAtMs: 3 },
    });
    expect(JSON.stringify(told)).not.toContain(CANARY);
    expect(JSON.stringify(tapped.about)).toContain(CANARY);
  });

  test('AC-2 of a step: the type of its event, states and transitions', () => {
    const log = new StepLog('operation', 3);
    const [first] = allTransitions(syncOperationMachine);
    const { definition } = first ?? expect.unreachable('a chart without transitions');
    log.note(
      {
        ...MORE,
        ...{ session: 'x:7', id: 'it', machine: syncOperationMachine, event: 'go', from: null },
        ...{ to: { one: 'a', two: { inner: 'b' } }, transitions: [definition] },
      },
      4,
      9,
    );
    expect([log.step(1)]).toEqual([
      {
        ...{ serial: 4, ring: 'operation', nth: 1, actor: 7, atMs: 9, event: 'go', from: [] },
        ...{ to: ['one.a', 'two.inner.b'], transitions: [0] },
      },
    ]);
  });

  test('AC-2 every place of every chart is found, with other implementations, too', () => {
    for (const machine of machines) {
      for (const chart of [machine, machine.provide({})]) {
        for (const [place, { definition }] of allTransitions(chart).entries()) {
          expect(transitionPlaces([definition])).toEqual([place]);
        }
      }
      const all = allTransitions(machine).map(({ definition }) => definition);
      expect(transitionPlaces(all)).toEqual(all.map((_, place) => place));
      // The step into the state where it begins is no arrow of the chart.
      expect(transitionPlaces([machine.root.initial])).toEqual([]);
    }
  });

  test('AC-2 the same states are the same list, so that remembering them costs nothing', () => {
    expect(statePaths({ one: 'a', two: 'b' })).toEqual(['one.a', 'two.b']);
    expect(statePaths({ one: 'a', two: 'b' })).toBe(statePaths({ one: 'a', two: 'b' }));
    expect(statePaths('a')).toBe(statePaths('a'));
    expect(statePaths(null)).toEqual([]);
  });

  test('AC-2 of a fact: what is listed for its kind, and no kind that is not listed', () => {
    const rules = FACT_NEWS;
    const fact = {
      ...MORE,
      ...{ kind: 'operation.ended', atMs: 3, operationId: 'it', code: 'HF_EXPIRED', type: 'a.b' },
      ...{ upstream: null, tier: 'trial', priority: 'low', ending: 'expired', attempts: 2 },
      ...{ elapsedMs: 8, by: { id: CANARY } },
    };
    const words = (told: object) => ({ text: Object.keys(told).join(' '), tone: 'quiet' }) as const;
    const news = projectFact(fact, 4, rules, words);
    expect(news).toEqual({
      ...{ serial: 4, atMs: 3, kind: 'operation.ended', id: 'it', reason: 'HF_EXPIRED' },
      // The sentence is made of the same fields.
      text: 'kind atMs operationId code type upstream tier priority ending attempts elapsedMs',
      tone: 'quiet',
      details: {
        ...{ type: 'a.b', upstream: null, tier: 'trial', priority: 'low' },
        ...{ ending: 'expired', attempts: 2, elapsedMs: 8 },
      },
    });
    expect(projectFact({ ...fact, kind: 'thing.unknown' }, 4, rules, words)).toBeNull();
    expect(projectFact({ ...fact, kind: 'toString' }, 4, rules, words)).toBeNull();
    // A person is an object, and no object is told.
    const parts = {
      kind: 'k',
      atMs: 1,
      by: { id: CANARY },
      list: ['a', { id: CANARY }, 'b'],
      none: [],
    };
    const rule = { about: null, reason: 'list', details: ['by', 'none', 'missing'] };
    expect(projectFact(parts, 1, { k: rule }, words)).toMatchObject({
      ...{ reason: 'a, b', details: { by: null, none: null, missing: null } },
    });
  });

  test('OB-1 what a step tells as well is no news, and no fact is made for it', async () => {
    const facts = new FactStream(new VirtualClock());
    const told: Fact[] = [];
    facts.subscribe((fact) => told.push(fact), NEWS_KINDS, NEWS_WANTED);
    const context = (ending: string) => ({ id: 'it', request: {}, ending }) as never;
    for (const ending of ['completed', 'expired'])
      facts.emit('operation.ended', context(ending), null);
    for (const reason of ['slot', 'breaker'] as const) {
      facts.emit('operation.parked', context('none'), null, reason, 'turn');
    }
    await Promise.resolve();
    expect(told).toMatchObject([
      { kind: 'operation.ended', ending: 'expired' },
      { kind: 'operation.parked', reason: 'breaker' },
    ]);
    expect(FACT_KINDS.filter((kind) => !NEWS_KINDS.includes(kind))).toEqual([
      'operation.accepted',
      'operation.resumed',
      'attempt.started',
      'attempt.succeeded',
    ]);
  });

  test('SE-5 no list names a field that may hold what a person wrote, or who they are', () => {
    const told = Object.values(FACT_NEWS).flatMap(({ about, reason, details }) => [
      ...[about, reason].filter((field) => field !== null),
      ...details,
    ]);
    for (const field of ['by', 'exception', 'subject', 'entity', 'message', 'note']) {
      expect(told).not.toContain(field);
    }
  });
});
