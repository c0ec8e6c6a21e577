/**
 * What `status` and health count is what the command lists that is named beside the count: after whatever was done to
 * operations, in a running process and at rest.
 */

import { expect, test } from 'vitest';
import type { Random } from '../../machines/vocabulary/clock.ts';
import { restingText, runningText } from '../../src/cli/commands/status.ts';
import {
  conflictFailure,
  type Handler,
  type Operations,
  type OperationView,
  permanentFailure,
  type Runtime,
  type SyncRequest,
  transientFailure,
  unknownOutcome,
} from '../../src/index.ts';
import { managementAtRest, restOf } from '../../src/management/atRest.ts';
import { conflicts } from '../../src/management/conflicts.ts';
import { crises } from '../../src/management/crises.ts';
import { deadLetters } from '../../src/management/deadLetters.ts';
import { operationsOf } from '../../src/management/operations.ts';
import { quarantine } from '../../src/management/quarantine.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';
import { RecordUpstream } from '../support/harness/recordUpstream.ts';

const fails = (failure: () => Error): Handler => ({
  upstream: 'default',
  run: () => {
    throw failure();
  },
});
const HANDLERS: Readonly<Record<string, Handler>> = {
  'work.done': { upstream: 'default', run: () => null },
  'work.bad': fails(() => permanentFailure('Refused.')),
  'work.conflict': fails(() => conflictFailure('Another version.')),
  'work.unsafe': { ...fails(() => unknownOutcome('Cut off.')), honoursIdempotencyKey: false },
};
const EDIT = 'records.put';
const TYPES = [...Object.keys(HANDLERS), EDIT];
const ANA = { id: 'staff-7', role: 'clinician' };
const RECORDS = ['crisis_plan', 'recipe'] as const;
/** Longer than counts lag behind. */
const SETTLED_MS = 6_000;
const ACTS = 24;

async function allOf<One>(found: AsyncIterable<One>): Promise<readonly One[]> {
  const all: One[] = [];
  for await (const one of found) all.push(one);
  return all;
}

async function many(found: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of found) count += 1;
  return count;
}

/** What lists there are, of a running process and of a store at rest. */
type Lists = Pick<Runtime, 'deadLetters' | 'conflicts' | 'quarantine' | 'crises'> & {
  readonly operations: Pick<Operations, 'list'>;
};

/** How many each command lists that `status` may name. */
async function listed(lists: Lists): Promise<Readonly<Record<string, number>>> {
  const inState = async (state: OperationView['state']): Promise<number> =>
    await many(lists.operations.list({ state }));
  return {
    'holdfast operations --state conflicted': await inState('conflicted'),
    'holdfast operations --state inReview': await inState('inReview'),
    'holdfast operations --state handlerMissing': await inState('handlerMissing'),
    'holdfast dead-letters list': await many(lists.deadLetters.list()),
    'holdfast quarantine list': await many(lists.quarantine.list()),
    'holdfast conflicts list': await many(lists.conflicts.list()),
    'holdfast crises list --unacknowledged': (await lists.crises.list({ unacknowledged: true }))
      .length,
    'holdfast crises list': (await lists.crises.list()).length,
  };
}

/** How many `status` counts, by the command that it names beside each count; a line of none is left out. */
function countedIn(text: string): Readonly<Record<string, number>> {
  const rows = text.matchAll(/^ *(\d+) {2}\S.*? {2,}(holdfast .+?) *$/gm);
  const counts = [...rows].map(([, count, command = '']) => [command, Number(count)] as const);
  const open = /^! crises that are not over: (\d+).*\(holdfast crises list\)$/m.exec(text)?.[1];
  const rest = open === undefined ? [] : [['holdfast crises list', Number(open)] as const];
  return Object.fromEntries([...counts, ...rest]);
}

/** @param without the command whose count is none of this text's */
function agree(
  text: string,
  lists: Readonly<Record<string, number>>,
  after: string,
  without: string,
): void {
  const counted = countedIn(text);
  const none = Object.fromEntries(Object.keys(lists).map((command) => [command, 0]));
  const expected = Object.fromEntries(Object.entries(lists).filter(([name]) => name !== without));
  const said = Object.fromEntries(
    Object.entries({ ...none, ...counted }).filter(([name]) => name !== without),
  );
  expect(said, `${after}\n${text}`).toEqual(expected);
}

function atRest(world: World): Lists {
  const { disk: store, clock } = world;
  const caller = managementAtRest({
    ...{ store, hold: null, clock, random: seededRandom(9), payloadBytesMax: 10_000 },
  });
  return {
    operations: { list: (filter = {}) => operationsOf(caller, filter) },
    deadLetters: deadLetters(caller, () => clock.now()),
    conflicts: conflicts(caller),
    quarantine: quarantine(caller),
    crises: crises(caller),
  };
}

class Days {
  readonly #world = createWorld();
  readonly #records = new RecordUpstream();
  readonly #random: Random;
  #process: Process | null = null;
  #ids: string[] = [];
  #done: string[] = [];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** How many acts there were; it throws after the first by which counts and lists differ. */
  async live(): Promise<number> {
    for (let act = 0; act < ACTS; act += 1) {
      const process = (this.#process ??= await this.#boot());
      await this.#do(process);
      await this.#world.clock.advance(SETTLED_MS);
      if (this.#process !== null) await this.#compareRunning(this.#process.runtime);
    }
    return ACTS;
  }

  #pick<Value>(values: readonly Value[]): Value | undefined {
    return values[Math.floor(this.#random.next() * values.length)];
  }

  async #boot(): Promise<Process> {
    const known = TYPES.filter(() => this.#random.next() < 0.6);
    this.#done.push(`boot ${known.join()}`);
    const process = this.#world.boot({
      device: 'phone',
      handlers: {
        ...Object.fromEntries(known.map((type) => [type, this.#handler(type)])),
        'crisis.alert': fails(() => transientFailure('Down.', { notApplied: true })),
      },
    });
    await this.#world.clock.run(process.runtime.start());
    await this.#world.clock.advance(SETTLED_MS);
    await this.#compareRunning(process.runtime);
    return process;
  }

  #handler(type: string): Handler {
    return type === EDIT ? this.#records.handler() : (HANDLERS[type] as Handler);
  }

  async #do({ runtime, kill }: Process): Promise<void> {
    const { clock } = this.#world;
    const act = this.#pick(ACTS_OF) ?? 'sync';
    const id = this.#pick(this.#ids);
    this.#done.push(act);
    switch (act) {
      case 'sync':
        return await this.#sync(runtime);
      case 'handle': {
        const type = this.#pick(TYPES) ?? '';
        return await clock.run(runtime.handle(type, this.#handler(type)));
      }
      case 'edit':
        return await this.#edit(runtime);
      case 'decide': {
        const first = (await clock.run(allOf(runtime.conflicts.list())))[0];
        if (first === undefined) return;
        await clock.run(runtime.conflicts.resolve(first.id, { by: ANA, side: 1 }));
        return;
      }
      case 'crisis':
        await clock.run(runtime.crisis({ subject: 'mia' }));
        return;
      case 'acknowledge':
      case 'callOff': {
        const crisis = this.#pick(await clock.run(runtime.crises.list()));
        if (crisis === undefined) return;
        const decided =
          act === 'acknowledge'
            ? runtime.crises.acknowledge(crisis.id, { by: ANA, forMs: 60_000 })
            : runtime.crises.callOff(crisis.id, {
                ...{ by: ANA, reason: 'a test', confirm: crisis.id.slice(-8) },
              });
        await clock.run(decided.catch(() => undefined));
        return;
      }
      case 'purgeQuarantined': {
        const record = this.#pick(await clock.run(allOf(runtime.quarantine.list())));
        if (record !== undefined) await clock.run(runtime.quarantine.purge(record.id));
        return;
      }
      case 'cancel':
      case 'retry': {
        const operation = runtime.operations.get(id ?? 'none');
        // It may have ended.
        const tell = act === 'cancel' ? operation.cancel() : operation.retryNow();
        return await clock.run(tell.catch(() => undefined));
      }
      case 'replay':
        await clock.run(runtime.deadLetters.replayAll());
        return;
      case 'purge':
        await clock.run(runtime.deadLetters.purgeAll());
        return;
      case 'rest':
        return await this.#rest(runtime, kill);
    }
  }

  /** An edit on what is known of a record, which somebody else may have changed since. */
  async #edit(runtime: Runtime): Promise<void> {
    const { clock } = this.#world;
    const type = this.#pick(RECORDS) ?? 'crisis_plan';
    const entity = { type, id: type };
    const words = `word ${Math.floor(this.#random.next() * 1_000)}`;
    const value = (note: string) => ({ note });
    const before = this.#records.value(type);
    if (before === undefined) this.#records.put(type, value('first'));
    const version = `"${this.#records.records.get(type)?.version ?? 1}"`;
    const base = { version, value: this.#records.value(type) ?? null };
    if (this.#random.next() < 0.7) this.#records.put(type, value(`theirs ${words}`));
    const request: SyncRequest = {
      ...{ type: EDIT, subject: 'mia', tier: 'basic', payload: value(`ours ${words}`) },
      ...{ entity, base },
    };
    const operation = await clock.run(runtime.sync(request)).catch(() => null);
    if (operation !== null) this.#ids.push(operation.id);
  }

  async #sync(runtime: Runtime): Promise<void> {
    const request: SyncRequest = {
      type: this.#pick(Object.keys(HANDLERS)) ?? '',
      ...{ subject: 'mia', tier: 'basic', payload: { amount: 5 } },
      ...(this.#random.next() < 0.4 ? { entity: { type: 'account', id: 'a1' } } : {}),
      ...(this.#random.next() < 0.2 ? { startAtMs: this.#world.clock.now() + 7_000 } : {}),
      ...(this.#random.next() < 0.2 ? { expiresAtMs: this.#world.clock.now() + 9_000 } : {}),
    };
    const operation = await this.#world.clock
      .run(runtime.sync(request))
      // Its type has no handler yet.
      .catch(() => null);
    if (operation !== null) this.#ids.push(operation.id);
  }

  /** Ends the process, and does at rest what a person does there. */
  async #rest(runtime: Runtime, kill: () => void): Promise<void> {
    const { clock, disk } = this.#world;
    if (this.#random.next() < 0.5) await clock.run(runtime.close());
    else kill();
    this.#process = null;
    await disk.open();
    const lists = atRest(this.#world);
    const act = this.#pick(['nothing', 'replay', 'purge', 'damage', 'damage']);
    this.#done.push(`at rest: ${act}`);
    if (act === 'replay') await clock.run(lists.deadLetters.replayAll());
    if (act === 'purge') await clock.run(lists.deadLetters.purgeAll());
    if (act === 'damage') await this.#damage();
    const text = restingText(await clock.run(restOf(disk, null)), clock.now());
    const after = this.#done.join('; ');
    // At rest nobody is told, so who has taken one on is no count of status.
    agree(text, await clock.run(listed(lists)), after, 'holdfast crises list --unacknowledged');
    await disk.close();
  }

  /** One row that waits can't be read from now on: it is in quarantine, or is found to be damaged by whoever reads it. */
  async #damage(): Promise<void> {
    const { disk } = this.#world;
    const rows = [];
    for (const standing of ['due', 'held', 'inHand'] as const) {
      rows.push(...(await disk.list({ standing, afterSeq: 0, limit: 100 })));
    }
    const row = this.#pick(rows);
    if (row === undefined) return;
    const { seq, id, revision, standing, dueAtMs, urgency } = row;
    if (this.#random.next() < 0.5) {
      await disk.commit([{ kind: 'quarantine', seq, id, revision, code: 'HF_RECORD_TAMPERED' }]);
      return;
    }
    await disk.commit([
      {
        ...{ kind: 'update', seq, id, revision: revision + 1, standing, dueAtMs, urgency },
        ...{ expiresAtMs: null, route: 'type:work.done', subject: 'mia' },
        waitsFor: standing === 'held' ? 'lane' : 'turn',
        ...{ state: 'damaged', leavesLane: false, payload: '{}' },
      },
    ]);
  }

  async #compareRunning(runtime: Runtime): Promise<void> {
    const { clock } = this.#world;
    const health = runtime.getHealthStatus();
    const after = this.#done.join('; ');
    const lists = await clock.run(listed(runtime));
    agree(runningText(health, clock.now()), lists, after, 'holdfast crises list');
    const { waiting } = health;
    const { handlerMissing, conflicted, inReview, deadLettered, inLane, scheduled } = waiting;
    const counted = { handlerMissing, conflicted, inReview, deadLettered, inLane, scheduled };
    expect(await clock.run(runtime.operations.count()), after).toMatchObject(counted);
  }
}

const ACTS_OF = [
  ...(['sync', 'sync', 'sync', 'sync', 'handle', 'cancel', 'retry'] as const),
  ...(['edit', 'edit', 'edit', 'edit', 'decide', 'crisis', 'acknowledge', 'callOff'] as const),
  ...(['purgeQuarantined', 'replay', 'purge', 'rest', 'rest'] as const),
];

test.each(Array.from({ length: 6 }, (_, index) => index + 1))(
  'HM-1 each count of status and health is what the command lists that it names (seed %i)',
  async (seed) => {
    expect(await new Days(seed).live()).toBe(ACTS);
  },
);
