/**
 * What `status` and health count is what the command lists that is named beside the count: after whatever was done to
 * operations, in a running process and at rest.
 */

import { expect, test } from 'vitest';
import type { Random } from '../../machines/vocabulary/random.ts';
import { restingText, runningText } from '../../src/cli/commands/status/statusText.ts';
import {
  conflictFailure,
  type Handler,
  type OperationView,
  permanentFailure,
  type Runtime,
  type SyncRequest,
  unknownOutcome,
} from '../../src/index.ts';
import { managementAtRest, restOf } from '../../src/management/atRest.ts';
import { conflicts } from '../../src/management/conflicts/conflicts.ts';
import { crises } from '../../src/management/crises/crises.ts';
import { deadLetters } from '../../src/management/deadLetters/deadLetters.ts';
import { operationsOf } from '../../src/management/operations/operations.ts';
import { quarantine } from '../../src/management/quarantine/quarantine.ts';
import { seededRandom } from '../../src/testing/seededRandom.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

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
const TYPES = Object.keys(HANDLERS);
/** Longer than counts lag behind. */
const SETTLED_MS = 6_000;
const ACTS = 24;

async function many(found: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of found) count += 1;
  return count;
}

/** What lists there are, of a running process and of a store at rest. */
type Lists = Pick<Runtime, 'operations' | 'deadLetters' | 'conflicts' | 'quarantine' | 'crises'>;

/** How many each command lists that `status` may name. */
async function listed(lists: Lists): Promise<Readonly<Record<string, number>>> {
  const inState = async (state: OperationView['state']): Promise<number> =>
    await many(lists.operations({ state }));
  return {
    'holdfast operations --state conflicted': await inState('conflicted'),
    'holdfast operations --state inReview': await inState('inReview'),
    'holdfast operations --state handlerMissing': await inState('handlerMissing'),
    'holdfast dead-letters list': await many(lists.deadLetters.list()),
    'holdfast quarantine list': await many(lists.quarantine.list()),
    'holdfast conflicts list': await many(lists.conflicts.list()),
  };
}

/** How many `status` counts, by the command that it names beside each count; a line of none is left out. */
function countedIn(text: string): Readonly<Record<string, number>> {
  const rows = text.matchAll(/^ *(\d+) {2}\S.*? {2,}(holdfast .+?) *$/gm);
  return Object.fromEntries([...rows].map(([, count, command = '']) => [command, Number(count)]));
}

function agree(text: string, lists: Readonly<Record<string, number>>, after: string): void {
  const counted = countedIn(text);
  const none = Object.fromEntries(Object.keys(lists).map((command) => [command, 0]));
  expect({ ...none, ...counted }, `${after}\n${text}`).toEqual(lists);
}

function atRest(world: World): Lists {
  const { disk: store, clock } = world;
  const caller = managementAtRest({
    ...{ store, hold: null, clock, random: seededRandom(9), payloadBytesMax: 10_000 },
  });
  return {
    operations: ((filter = {}) => operationsOf(caller, filter)) as Lists['operations'],
    deadLetters: deadLetters(caller, () => clock.now()),
    conflicts: conflicts(caller),
    quarantine: quarantine(caller),
    crises: crises(caller),
  };
}

class Days {
  readonly #world = createWorld();
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
      handlers: Object.fromEntries(known.map((type) => [type, HANDLERS[type] as Handler])),
    });
    await this.#world.clock.run(process.runtime.start());
    await this.#world.clock.advance(SETTLED_MS);
    await this.#compareRunning(process.runtime);
    return process;
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
        return await clock.run(runtime.handle(type, HANDLERS[type] as Handler));
      }
      case 'cancel':
      case 'retry': {
        const operation = runtime.getOperation(id ?? 'none');
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

  async #sync(runtime: Runtime): Promise<void> {
    const request: SyncRequest = {
      type: this.#pick(TYPES) ?? '',
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
    const act = this.#pick(['nothing', 'replay', 'purge']);
    this.#done.push(`at rest: ${act}`);
    if (act === 'replay') await clock.run(lists.deadLetters.replayAll());
    if (act === 'purge') await clock.run(lists.deadLetters.purgeAll());
    const text = restingText(await clock.run(restOf(disk, null)), clock.now());
    agree(text, await clock.run(listed(lists)), this.#done.join('; '));
    await disk.close();
  }

  async #compareRunning(runtime: Runtime): Promise<void> {
    const { clock } = this.#world;
    const health = runtime.getHealthStatus();
    const after = this.#done.join('; ');
    agree(runningText(health, clock.now()), await clock.run(listed(runtime)), after);
    const { waiting } = health;
    const { handlerMissing, conflicted, inReview, deadLettered, inLane, scheduled } = waiting;
    const counted = { handlerMissing, conflicted, inReview, deadLettered, inLane, scheduled };
    expect(await clock.run(runtime.countOperations()), after).toMatchObject(counted);
  }
}

const ACTS_OF = [
  ...(['sync', 'sync', 'sync', 'sync', 'handle', 'cancel', 'retry'] as const),
  ...(['replay', 'purge', 'rest', 'rest'] as const),
];

test.each(Array.from({ length: 6 }, (_, index) => index + 1))(
  'HM-1 each count of status and health is what the command lists that it names (seed %i)',
  async (seed) => {
    expect(await new Days(seed).live()).toBe(ACTS);
  },
);
