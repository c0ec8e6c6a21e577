/**
 * Everything that somebody can do to a running runtime, read from its members and from the list of management calls,
 * and the trial of each. A test finds any call that the list below lacks, so that nobody can add a switch without
 * showing that it stops no crisis (CR-2).
 *
 * @module
 */

import { join } from 'node:path';
import { MANAGEMENT_CALLS } from '../../../src/management/managementCalls.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import type { CrisisHouse, HouseRules } from './crisisHouse.ts';

/** An act that is done, or under way, while somebody asks for help. */
export interface Switch extends HouseRules {
  /** Begins it, without waiting. */
  readonly begin: (house: CrisisHouse) => unknown;
  /** True if the runtime ends with it: work that is not soon delivered then goes on in the next runtime. */
  readonly isEnd?: boolean | undefined;
}

const WORK = { type: 'work.push', subject: 'user-1', tier: 'premium' } as const;
const PLAN = { resources: [{ kind: 'contact', name: 'Sam', phone: '+49 30 1234567' }] } as const;
/** Longest wait of an answer for a plan on disk, where there are any (CR-3). */
const PLAN_WITHIN_MS = 20;
const RECORD = { type: 'crisis_plan', id: '1' } as const;
const WHO = { id: 'staff-7', role: 'clinician' };
const BY = { id: 'ana', role: 'clinician' } as const;
const READS = 'it only reads';

/** Trial of each switch; a reason instead where it is no switch, or is tried elsewhere. */
export const SWITCHES: Readonly<Record<string, Switch | string>> = {
  'runtime.start': { begin: ({ runtime }) => runtime.start() },
  'runtime.sync': {
    begin: ({ runtime, upstream }) => {
      upstream.isWorkStuck = true;
      return Promise.all(Array.from({ length: 300 }, () => runtime.sync(WORK)));
    },
  },
  'runtime.acceptMany': 'as runtime.syncAll, for another process',
  'runtime.syncAll': {
    begin: ({ runtime, upstream }) => {
      upstream.isWorkStuck = true;
      return runtime.syncAll(Array.from({ length: 3_000 }, () => WORK));
    },
  },
  'runtime.executeResilientSync': {
    begin: ({ runtime }) =>
      runtime.executeResilientSync(
        { ...WORK },
        'user-1',
        () => new Promise<never>(() => undefined),
      ),
  },
  'runtime.call': {
    begin: ({ runtime }) =>
      Promise.all(
        Array.from({ length: 900 }, () =>
          runtime.call('default', () => new Promise<never>(() => undefined)),
        ),
      ),
  },
  'runtime.crisis': 'what many others hold up: test/src/crisisDelivery.test.ts',
  'runtime.handle': {
    begin: ({ runtime, care }) =>
      Promise.all([
        runtime.handle('crisis.alert', { ...care, upstream: 'other' }),
        runtime.handle('other.push', care),
        runtime.handle('crisis.alert', { ...care }),
      ]),
  },
  'operations.get': READS,
  'operations.page': { begin: ({ runtime }) => runtime.operations.page() },
  'operations.list': { begin: ({ runtime }) => first(runtime.operations.list()) },
  'operations.count': { begin: ({ runtime }) => runtime.operations.count() },
  'runtime.policies': READS,
  'runtime.policyLayers': READS,
  'runtime.setPolicies': 'each policy is set: options.test.ts',
  'runtime.getHealthStatus': { begin: ({ runtime }) => runtime.getHealthStatus() },
  'runtime.health': { begin: ({ runtime }) => runtime.health() },
  'runtime.inspector': { begin: ({ runtime }) => runtime.inspector({ operate: true }) },
  'runtime.statelyInspector': {
    begin: ({ runtime }) =>
      runtime.statelyInspector({
        inspector: {
          adapter: {
            send: () => {
              throw new Error('A defect of a viewer.');
            },
          },
        },
      }),
  },
  'runtime.subscribe': {
    begin: ({ runtime }) => {
      runtime.subscribe(() => {
        throw new Error('A defect of a listener.');
      });
      runtime.subscribe(({ kind }) => kind);
      runtime.subscribe('operation.accepted', () => {
        throw new Error('A defect of a listener.');
      });
    },
  },
  'runtime.backup': { begin: ({ runtime }) => runtime.backup(join(tempFolder(), 'copy')) },
  'runtime.release': { begin: ({ runtime }) => runtime.release() },
  'runtime.upstream': READS,
  'runtime.close': {
    begin: ({ runtime }) => runtime.close({ deadlineMs: 60_000 }),
    isKept: false,
    isEnd: true,
  },
  'crisisPlans.put': {
    begin: ({ runtime }) => runtime.crisisPlans.put('user-1', PLAN),
    answerWithinMs: PLAN_WITHIN_MS,
  },
  'crisisPlans.get': { begin: ({ runtime }) => runtime.crisisPlans.get('user-1') },
  'crisisPlans.pin': {
    begin: ({ runtime }) => runtime.crisisPlans.pin('user-1'),
    answerWithinMs: PLAN_WITHIN_MS,
  },
  'crisisPlans.unpin': { begin: ({ runtime }) => runtime.crisisPlans.unpin('user-1') },
  'crisisPlans.delete': { begin: ({ runtime }) => runtime.crisisPlans.delete('user-1') },
  'crisisMode.enter': {
    begin: ({ runtime: { crisisMode } }) =>
      Promise.all([
        crisisMode.enter({ by: BY }),
        ...Array.from({ length: 200 }, (_, user) =>
          crisisMode.enter({ subject: `user-${user}`, by: BY }),
        ),
      ]),
  },
  'crisisMode.leave': { begin: ({ runtime }) => runtime.crisisMode.leave({ by: BY }) },
  'crisisMode.list': READS,
  'crises.list': { begin: ({ runtime }) => runtime.crises.list() },
  'crises.show': { begin: ({ runtime }) => runtime.crises.show('none') },
  'crises.acknowledge': { begin: ({ runtime }) => runtime.crises.acknowledge('none', { by: WHO }) },
  'crises.release': { begin: ({ runtime }) => runtime.crises.release('none', { by: WHO }) },
  'crises.callOff': {
    begin: ({ runtime }) => runtime.crises.callOff('none', { by: WHO, reason: 'a test' }),
  },
  'crises.saySafe': { begin: ({ runtime }) => runtime.crises.saySafe({ subject: 'user-1' }) },
  'runtime.remoteChange': {
    begin: ({ runtime }) =>
      runtime.remoteChange({ entity: RECORD, subject: 'user-1', value: {}, version: '"1"' }),
  },
  'entities.get': { begin: ({ runtime }) => runtime.entities.get(RECORD) },
  'entities.list': { begin: ({ runtime }) => first(runtime.entities.list()) },
  'entities.subscribe': {
    begin: ({ runtime }) => {
      runtime.entities.subscribe(RECORD, () => undefined)();
    },
  },
  'entities.removed': { begin: ({ runtime }) => runtime.entities.removed(RECORD) },
  'entities.restore': {
    begin: ({ runtime }) => runtime.entities.restore(RECORD, '/none', { type: 'work.push' }),
  },
  'entities.forget': { begin: ({ runtime }) => runtime.entities.forget(RECORD) },
  'conflicts.list': { begin: ({ runtime }) => first(runtime.conflicts.list()) },
  'conflicts.show': { begin: ({ runtime }) => runtime.conflicts.show('none') },
  'conflicts.about': { begin: ({ runtime }) => runtime.conflicts.about('none') },
  'conflicts.preview': { begin: ({ runtime }) => runtime.conflicts.preview('none', { by: WHO }) },
  'conflicts.resolve': { begin: ({ runtime }) => runtime.conflicts.resolve('none', { by: WHO }) },
  'conflicts.undo': { begin: ({ runtime }) => runtime.conflicts.undo('none', { by: WHO }) },
  'deadLetters.list': { begin: ({ runtime }) => first(runtime.deadLetters.list()) },
  'deadLetters.show': { begin: ({ runtime }) => runtime.deadLetters.show('none') },
  'deadLetters.answer': { begin: ({ runtime }) => runtime.deadLetters.answer('none') },
  'deadLetters.replay': { begin: ({ runtime }) => runtime.deadLetters.replay('none') },
  'deadLetters.replayAll': { begin: ({ runtime }) => runtime.deadLetters.replayAll() },
  'deadLetters.purge': { begin: ({ runtime }) => runtime.deadLetters.purge('none') },
  'deadLetters.purgeAll': { begin: ({ runtime }) => runtime.deadLetters.purgeAll() },
  'quarantine.list': { begin: ({ runtime }) => first(runtime.quarantine.list()) },
  'quarantine.show': { begin: ({ runtime }) => runtime.quarantine.show('none') },
  'quarantine.retry': { begin: ({ runtime }) => runtime.quarantine.retry('none') },
  'quarantine.export': { begin: ({ runtime }) => first(runtime.quarantine.export()) },
  'quarantine.purge': { begin: ({ runtime }) => runtime.quarantine.purge('none') },
  'audit.entries': { begin: ({ runtime }) => first(runtime.audit.entries()) },
  'audit.handleOf': { begin: ({ runtime }) => runtime.audit.handleOf('nobody') },
  'audit.checkpoint': { begin: ({ runtime }) => runtime.audit.checkpoint() },
  'subjects.export': { begin: ({ runtime }) => first(runtime.subjects.export('user-1')) },
  'subjects.document': { begin: ({ runtime }) => first(runtime.subjects.document('user-1')) },
  'upstream.forceOpen': {
    begin: ({ runtime }) => {
      for (const name of ['default', 'other']) runtime.upstream(name).forceOpen('closed', 'ana');
    },
  },
  'upstream.disable': { begin: ({ runtime }) => runtime.upstream('default').disable() },
  'upstream.observe': { begin: ({ runtime }) => runtime.upstream('default').observe() },
  'upstream.release': { begin: ({ runtime }) => runtime.upstream('default').release() },
  'operation.view': READS,
  'operation.subscribe': READS,
  'operation.wait': READS,
  'operation.cancel': 'of a crisis: a person answers for it that it needs no delivery (CR-4)',
  'operation.retryNow': 'of a crisis: it is only sent sooner',
  // The control socket has the same calls.
  'call breaker.forceOpen': 'as upstream.forceOpen',
  'call breaker.disable': 'as upstream.disable',
  'call breaker.observe': 'as upstream.observe',
  'call breaker.release': 'as upstream.release',
  'call crisisMode.enter': 'as crisisMode.enter',
  'call crisisMode.leave': 'as crisisMode.leave',
  'call crisisMode.list': READS,
  'call crisis.list': 'as crises.list',
  'call crisis.show': 'as crises.show',
  'call crisis.acknowledge': 'as crises.acknowledge',
  'call crisis.acknowledgeSubject': 'as crises.acknowledge',
  'call crisis.release': 'as crises.release',
  'call crisis.callOff': 'as crises.callOff',
  'call crisis.saySafe': 'as crises.saySafe',
  'call policies.show': READS,
  'call policies.set': 'as runtime.setPolicies',
  'call health': READS,
  'call store.backup': 'as runtime.backup',
  'call store.release': 'as runtime.release',
  'call operation.list': 'as operations.page',
  'call operation.count': 'as operations.count',
  'call operation.show': READS,
  'call operation.cancel': 'as operation.cancel',
  'call operation.retry': 'as operation.retryNow',
  'call conflict.page': 'as conflicts.list',
  'call conflict.about': 'as conflicts.about',
  'call conflict.show': 'as conflicts.show',
  'call conflict.preview': 'as conflicts.preview',
  'call conflict.resolve': 'as conflicts.resolve',
  'call conflict.undo': 'as conflicts.undo',
  'call deadLetter.page': 'as deadLetters.list',
  'call deadLetter.show': 'as deadLetters.show',
  'call deadLetter.answer': 'as deadLetters.answer',
  'call deadLetter.replay': 'as deadLetters.replay',
  'call deadLetter.replayBatch': 'as deadLetters.replayAll',
  'call deadLetter.purge': 'as deadLetters.purge',
  'call deadLetter.purgeBatch': 'as deadLetters.purgeAll',
  'call quarantine.page': 'as quarantine.list',
  'call quarantine.show': 'as quarantine.show',
  'call quarantine.retry': 'as quarantine.retry',
  'call quarantine.sealed': 'as quarantine.export',
  'call quarantine.purge': 'as quarantine.purge',
  'call audit.page': 'as audit.entries',
  'call audit.handle': 'as audit.handleOf',
  'call audit.checkpoint': 'as audit.checkpoint',
  'call subject.export': 'as subjects.export',
};

/** Lists the names of everything that can be called on a running runtime. */
export function everySwitch({ runtime }: CrisisHouse): readonly string[] {
  const parts = { runtime, ...partsOf(runtime) };
  const others = {
    upstream: runtime.upstream('default'),
    operation: runtime.operations.get('none'),
  };
  return [
    ...Object.entries({ ...parts, ...others }).flatMap(([part, its]) =>
      membersOf(its)
        .filter((name) => !(name in parts))
        .map((name) => `${part}.${name}`),
    ),
    ...MANAGEMENT_CALLS.map(({ name }) => `call ${name}`),
  ];
}

/** Finds its members that have members of their own: plans, dead letters and whatever comes later. */
function partsOf(runtime: object): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(runtime).filter(
      ([, its]) => typeof its === 'object' && its !== null && !(its instanceof Promise),
    ),
  ) as Readonly<Record<string, object>>;
}

/** Lists calls that nobody has tried, each with what to do. */
export function unknownSwitches(names: readonly string[]): readonly string[] {
  return names
    .filter((name) => !Object.hasOwn(SWITCHES, name))
    .map(
      (name) =>
        `${name} can be called, and this test has never tried it: could it hold up a crisis? Add it to SWITCHES in test/oracle/unstoppable/switchesTried.ts.`,
    );
}

/** Lists everything that can be called on it, however it is made, without plain values. */
function membersOf(its: object): readonly string[] {
  const owners = [its, Object.getPrototypeOf(its) as object].filter(
    (each) => each !== Object.prototype,
  );
  return [...new Set(owners.flatMap((owner) => Object.getOwnPropertyNames(owner)))].filter(
    (name) => name !== 'constructor' && isCallable(its, name),
  );
}

function isCallable(its: object, name: string): boolean {
  const owner = Object.hasOwn(its, name) ? its : (Object.getPrototypeOf(its) as object);
  const member = Object.getOwnPropertyDescriptor(owner, name);
  // A call may be bound when it is read; a promise that is read may be rejected.
  const value: unknown = member?.get === undefined ? member?.value : Reflect.get(its, name);
  if (value instanceof Promise) value.catch(() => undefined);
  return typeof value === 'function';
}

async function first(rows: AsyncIterable<unknown>): Promise<unknown> {
  for await (const row of rows) return row;
  return null;
}
