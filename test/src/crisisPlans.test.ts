/** Crisis plans over real stores: what an answer holds, and what it says where it can't. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CrisisPlan } from '../../machines/policy/crisis/crisisResources.ts';
import { type ErrorCode, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { armThreads, type FaultPoint } from '../../persistence/port/faultPoints.ts';
import { createKeyFile, keyFile } from '../../persistence/sealing/keyFile.ts';
import { HELP_LINES } from '../../src/crisis/helpLines.ts';
import { createRuntime, rawKey } from '../../src/index.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { makeOlder } from '../support/store/olderStore.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const KEY = rawKey(Buffer.alloc(32, 1));
/** On a busy machine a read takes its time: nothing here is about how long. */
const PATIENT = { crisis: { planWithinMs: 100 } };

let store: string;
let open: Runtime[];
let errors: unknown[];

beforeEach(() => {
  store = join(tempFolder(), 'store');
  open = [];
  errors = [];
});
afterEach(async () => {
  armThreads([]);
  for (const runtime of open) await runtime.close({ deadlineMs: 0 });
});

function boot(options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({
    store,
    key: KEY,
    onError: (error) => errors.push(error),
    ...PATIENT,
    ...options,
  });
  open.push(runtime);
  return runtime;
}

/** Keeps plans for user-1, who is pinned, and user-2, and stops. */
async function keepPlans(options: Partial<RuntimeOptions> = {}): Promise<void> {
  const runtime = boot(options);
  await runtime.crisisPlans.pin('user-1');
  await runtime.crisisPlans.put('user-1', planOf('Sam'));
  await runtime.crisisPlans.put('user-2', planOf('Kim'));
  await runtime.close();
}

function planOf(name: string): CrisisPlan {
  return { resources: [{ name: 'Go for a walk' }, { kind: 'contact', name, phone: '123' }] };
}

/** The plan's status and who is in the answer before the built-in help lines, which must follow whole. */
async function asked(runtime: Runtime, subject: string): Promise<[string, ...string[]]> {
  const { plan, resources } = await runtime.crisis({ subject });
  expect(resources.filter(({ from }) => from === 'builtIn')).toMatchObject(HELP_LINES);
  const own = resources.slice(0, -HELP_LINES.length);
  expect(own.every(({ from }) => from !== 'builtIn')).toBe(true);
  return [plan, ...own.map(({ name }) => name)];
}

/** The same of one that is not pinned, asked again where the disk was too slow, as callers do. */
async function askedAgain(runtime: Runtime, subject: string): Promise<string[]> {
  for (let tries = 0; tries < 100; tries += 1) {
    const told = await asked(runtime, subject);
    if (told[0] !== 'notReadInTime') return told;
  }
  return ['notReadInTime'];
}

function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isHoldfastError(error) && error.code === code;
}

/** All plans are in memory: of more than can be looked for on disk at once it is known that they have none. */
async function allAtHand(runtime: Runtime): Promise<void> {
  let times = 0;
  await vi.waitFor(async () => {
    times += 1;
    const nobodies = Array.from({ length: 200 }, (_, at) => `nobody-${times}-${at}`);
    const answers = nobodies.map(async (subject) => (await runtime.crisis({ subject })).plan);
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['none']));
  }, HANGS_AFTER_MS);
}

/** A plan that is changed in the file can't be opened, nor is it known whose it was. */
function tamper(): void {
  const file = new Database(join(store, 'data.db'));
  file.exec('UPDATE crisis_plan SET revision = revision + 1 WHERE pinned = 0');
  file.close();
}

/** The writer's thread stands still at a point, as on a disk that does not answer. */
function stall(name: FaultPoint, countdown = 1): void {
  armThreads([{ name, countdown, action: { stallMs: 3_000 } }]);
}

describe('CR-3 an answer', () => {
  test('CR-3 begins with the plan of its subject, then what the app has configured', async () => {
    await keepPlans();
    const own = { kind: 'contact', name: 'Clinic', regions: ['*'], phone: '123' } as const;
    const runtime = boot({ crisis: { resources: [own], planWithinMs: 100 } });
    await runtime.ready;
    expect(await asked(runtime, 'user-1')).toEqual(['included', 'Go for a walk', 'Sam', 'Clinic']);
    expect(await askedAgain(runtime, 'user-2')).toEqual([
      'included',
      'Go for a walk',
      'Kim',
      'Clinic',
    ]);
    expect(await askedAgain(runtime, 'user-3')).toEqual(['none', 'Clinic']);
    const { resources } = await runtime.crisis({ subject: 'user-1' });
    expect(resources.map(({ from }) => from).slice(0, 4)).toEqual([
      'plan',
      'plan',
      'app',
      'builtIn',
    ]);
  });

  test('CR-3 has what serves the region of the request first, and leaves nothing out', async () => {
    const runtime = boot({ store: ':memory:' });
    const { resources } = await runtime.crisis({ subject: 'user-1', region: 'de' });
    expect(resources.slice(0, 3).map(({ regions }) => regions.includes('DE'))).toEqual([
      true,
      true,
      true,
    ]);
    expect(resources).toHaveLength(HELP_LINES.length);
    expect(errors.filter(hasCode('HF_CRISIS_MENDED'))).toEqual([]);
    // What is no region may be something else that was to be said, and is delivered as that.
    const unknown = { subject: 'user-1', region: 'nowhere' };
    expect((await runtime.crisis(unknown)).resources).toMatchObject(HELP_LINES);
    expect(errors.filter(hasCode('HF_CRISIS_MENDED'))).toHaveLength(1);
  });

  test('CR-3 is refreshed when a plan is put, unpinned or erased', async () => {
    await keepPlans();
    const runtime = boot();
    const { crisisPlans } = runtime;
    await crisisPlans.put('user-1', planOf('Alex'));
    expect(await askedAgain(runtime, 'user-1')).toEqual(['included', 'Go for a walk', 'Alex']);
    await crisisPlans.unpin('user-1');
    expect(await askedAgain(runtime, 'user-1')).toEqual(['included', 'Go for a walk', 'Alex']);
    for (let time = 1; time <= 2; time += 1) await crisisPlans.delete('user-1');
    expect(await askedAgain(runtime, 'user-1')).toEqual(['none']);
    expect(await crisisPlans.get('user-1')).toBeNull();
    // The other is as it was.
    expect(await crisisPlans.get('user-2')).toMatchObject({ resources: [{}, { name: 'Kim' }] });
  });

  test('CR-3 a plan outlives its process, and a pin holds for what is put later', async () => {
    const first = boot();
    await first.crisisPlans.pin('user-1');
    await first.close();
    const second = boot();
    await second.crisisPlans.put('user-1', planOf('Sam'));
    await second.close();
    stall('store.beforeCommit', 2);
    const third = boot({ crisis: { planWithinMs: 0 } });
    await third.ready;
    expect(await asked(third, 'user-1')).toEqual(['included', 'Go for a walk', 'Sam']);
  });

  test('CR-3 UX-2 pins are bounded in bytes, at thousands of people', async () => {
    const { crisisPlans } = boot({ store: ':memory:' });
    const subjects = Array.from({ length: 8_192 }, (_, at) => `user-${at}`);
    await Promise.all(subjects.map((subject) => crisisPlans.pin(subject)));
    await crisisPlans.pin('user-1');
    await expect(crisisPlans.pin('another')).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field: 'subject',
      message: expect.stringContaining('8 MiB'),
    });
    await crisisPlans.unpin('user-1');
    await crisisPlans.pin('another');
  });

  test('CR-3 of 300 people of a busy service, nobody pinned, nearly all have theirs in the answer', async () => {
    const people = Array.from({ length: 300 }, (_, at) => `user-${at}`);
    const first = boot();
    await Promise.all(people.map((subject) => first.crisisPlans.put(subject, planOf(subject))));
    await first.close();
    const runtime = boot({
      crisis: {},
      handlers: { 'work.push': { upstream: 'default', run: () => null } },
    });
    await runtime.ready;
    let isBusy = true;
    const worker = async (): Promise<void> => {
      while (isBusy) {
        const work = {
          type: 'work.push',
          subject: 'somebody',
          tier: 'basic',
          payload: 'x',
        } as const;
        await (await runtime.sync(work)).outcome;
      }
    };
    const work = Array.from({ length: 100 }, worker);
    await allAtHand(runtime);
    const plans = await Promise.all(
      people.map(async (subject) => (await runtime.crisis({ subject })).plan),
    );
    isBusy = false;
    await Promise.all(work);
    const included = plans.filter((plan) => plan === 'included');
    expect(included.length).toBeGreaterThanOrEqual(295);
  });

  test('PS-6 one that is not pinned is in the answer while the disk stands still', async () => {
    await keepPlans();
    const runtime = boot({ crisis: {} });
    await runtime.ready;
    await allAtHand(runtime);
    stall('store.beforeCommit');
    void runtime.crisisPlans.put('user-3', planOf('Alex'));
    expect(await asked(runtime, 'user-2')).toEqual(['included', 'Go for a walk', 'Kim']);
  });

  test.each([undefined, {}, { subject: [42] }, { subject: '' }])(
    'CR-3 UX-2 without a subject says so: %j',
    async (request) => {
      const runtime = boot({ store: ':memory:' });
      expect(await runtime.crisis(request as never)).toMatchObject({ plan: 'noSubject' });
    },
  );
});

describe('CR-1 CR-3 whatever state the store is in, somebody answers', () => {
  test('CR-1 before it is open', async () => {
    await keepPlans();
    const runtime = boot();
    expect(await asked(runtime, 'user-1')).toEqual(['storeNotOpen']);
    await runtime.ready;
    expect(await asked(runtime, 'user-1')).toEqual(['included', 'Go for a walk', 'Sam']);
  });

  test('CR-1 PS-4 while it is brought up to date', async () => {
    const before = boot();
    await before.ready;
    await before.close();
    makeOlder(store);
    stall('migration.beforeCommit');
    const runtime = boot();
    expect(await asked(runtime, 'user-1')).toEqual(['storeNotOpen']);
    await runtime.crisisPlans.put('user-1', planOf('Sam'));
    expect(await askedAgain(runtime, 'user-1')).toEqual(['included', 'Go for a walk', 'Sam']);
  });

  test('CR-1 SV-3 while it recovers, pinned plans first of all', async () => {
    await keepPlans();
    stall('open.afterClaim');
    const runtime = boot();
    expect(await asked(runtime, 'user-1')).toEqual(['storeNotOpen']);
    await runtime.ready;
    expect(await asked(runtime, 'user-1')).toEqual(['included', 'Go for a walk', 'Sam']);
  });

  test('CR-1 PS-1 while its disk stalls: what is pinned is there, the other is said to be late', async () => {
    await keepPlans();
    // Else it would be known that nobody else has one.
    tamper();
    stall('store.beforeCommit', 3);
    const runtime = boot({ crisis: { planWithinMs: 5 } });
    await runtime.ready;
    // Stands still with this write, or with one before it.
    const put = runtime.crisisPlans.put('user-9', planOf('Nobody'));
    put.catch(() => undefined);
    let late: string[] = [];
    for (let tries = 0; tries < 500 && late[0] !== 'notReadInTime'; tries += 1) {
      late = await asked(runtime, `user-${100 + tries}`);
    }
    expect(late).toEqual(['notReadInTime']);
    expect(await asked(runtime, 'user-1')).toEqual(['included', 'Go for a walk', 'Sam']);
    await put;
  });

  test('CR-1 SE-4 with a wrong key, and with none', async () => {
    await keepPlans();
    const wrong = boot({ key: rawKey(Buffer.alloc(32, 2)) });
    await expect(wrong.ready).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });
    expect(await asked(wrong, 'user-1')).toEqual(['storeNotOpen']);
    await expect(wrong.crisisPlans.get('user-1')).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });
    await wrong.close();
    rmSync(store, { recursive: true });
    const path = join(tempFolder(), 'test.key');
    await createKeyFile(path);
    await keepPlans({ key: keyFile(path) });
    rmSync(path);
    const missing = boot({ key: keyFile(path) });
    await expect(missing.ready).rejects.toMatchObject({ code: 'HF_KEY_MISSING' });
    expect(await asked(missing, 'user-1')).toEqual(['storeNotOpen']);
  });

  test('CR-1 PS-6 without its data, without its folder, and with no store at all', async () => {
    await keepPlans();
    rmSync(join(store, 'data.db'));
    const lost = boot();
    await expect(lost.ready).rejects.toMatchObject({ code: 'HF_STORE_LOST' });
    expect(await asked(lost, 'user-1')).toEqual(['storeNotOpen']);
    await lost.close();
    const nowhere = boot({ store: join(store, 'not', 'there') });
    await expect(nowhere.ready).rejects.toMatchObject({ code: 'HF_STORE_FOLDER' });
    expect(await asked(nowhere, 'user-1')).toEqual(['storeNotOpen']);
    expect(await asked(boot({ store: ':memory:' }), 'user-1')).toEqual(['storeNotOpen']);
  });

  test('CR-1 PS-6 with a file that is no database', async () => {
    await keepPlans();
    writeFileSync(join(store, 'data.db'), 'x'.repeat(8_192));
    const runtime = boot();
    await expect(runtime.ready).rejects.toMatchObject({ code: 'HF_STORE_CORRUPT' });
    expect(await asked(runtime, 'user-1')).toEqual(['storeNotOpen']);
  });

  test('CR-1 PS-3 with a plan that was changed in the file, which is told of and can be put again', async () => {
    await keepPlans();
    const db = new Database(join(store, 'data.db'));
    db.exec('UPDATE crisis_plan SET revision = revision + 1');
    db.close();
    const runtime = boot();
    await runtime.ready;
    expect(errors.filter(hasCode('HF_RECORD_TAMPERED'))).toHaveLength(1);
    expect(await asked(runtime, 'user-2')).toEqual(['unreadable']);
    expect(errors.filter(hasCode('HF_RECORD_TAMPERED'))).toHaveLength(2);
    await expect(runtime.crisisPlans.get('user-2')).rejects.toMatchObject({
      code: 'HF_RECORD_TAMPERED',
    });
    await expect(runtime.crisisPlans.pin('user-2')).rejects.toMatchObject({
      code: 'HF_RECORD_TAMPERED',
    });
    await runtime.crisisPlans.put('user-2', planOf('Kim'));
    expect(await asked(runtime, 'user-2')).toEqual(['included', 'Go for a walk', 'Kim']);
  });

  test.each([
    ['it alone', 'DELETE FROM crisis_plan WHERE pinned = 0'],
    ['with all others', 'DELETE FROM crisis_plan'],
  ])(
    'CR-3 SE-6 with a plan that was deleted from the file, %s: nobody is told that there is none',
    async (_, deleted) => {
      await keepPlans();
      const db = new Database(join(store, 'data.db'));
      db.exec(deleted);
      db.close();
      const runtime = boot();
      await runtime.ready;
      expect(await askedAgain(runtime, 'user-2')).toEqual(['unreadable']);
      // All plans that there are have come to memory meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await askedAgain(runtime, 'user-2')).toEqual(['unreadable']);
      expect(errors.some(hasCode('HF_RECORD_MISSING'))).toBe(true);
      expect(await askedAgain(runtime, 'nobody')).toEqual(['none']);
      await runtime.crisisPlans.put('user-2', planOf('Kim'));
      expect(await asked(runtime, 'user-2')).toEqual(['included', 'Go for a walk', 'Kim']);
    },
  );

  test('CR-3 SE-6 with a plan that was put back from an earlier copy, which is shown and marked until it is put again', async () => {
    await keepPlans();
    const inFile = <Result>(use: (db: Database.Database) => Result): Result => {
      const db = new Database(join(store, 'data.db'));
      try {
        return use(db);
      } finally {
        db.close();
      }
    };
    const rows = inFile((db) => db.prepare('SELECT * FROM crisis_plan').raw().all() as unknown[][]);
    const second = boot();
    await second.ready;
    for (const subject of ['user-1', 'user-2']) {
      await second.crisisPlans.put(subject, planOf('Alex'));
      expect((await askedAgain(second, subject))[0]).toBe('included');
    }
    await second.close();
    inFile((db) => {
      for (const columns of rows) {
        const places = columns.map(() => '?').join(', ');
        db.prepare(`INSERT OR REPLACE INTO crisis_plan VALUES (${places})`).run(...columns);
      }
    });
    const third = boot();
    await third.ready;
    const earlier = (name: string) => ['earlierCopy', 'Go for a walk', name];
    // At once, by a read of its own or from memory; then from memory.
    expect(await askedAgain(third, 'user-1')).toEqual(earlier('Sam'));
    expect(await askedAgain(third, 'user-2')).toEqual(earlier('Kim'));
    await allAtHand(third);
    expect(await asked(third, 'user-1')).toEqual(earlier('Sam'));
    expect(await asked(third, 'user-2')).toEqual(earlier('Kim'));
    expect(errors.filter(hasCode('HF_RECORD_STALE')).length).toBeGreaterThanOrEqual(2);
    await third.crisisPlans.put('user-2', planOf('Kim'));
    expect(await asked(third, 'user-2')).toEqual(['included', 'Go for a walk', 'Kim']);
  });

  test('CR-1 SV-4 after the end: what was in memory still is', async () => {
    await keepPlans();
    const runtime = boot();
    await runtime.ready;
    await allAtHand(runtime);
    await runtime.close();
    expect(await asked(runtime, 'user-1')).toEqual(['included', 'Go for a walk', 'Sam']);
    expect(await asked(runtime, 'user-2')).toEqual(['included', 'Go for a walk', 'Kim']);
    expect(await asked(runtime, 'user-3')).toEqual(['storeNotOpen']);
    await expect(runtime.crisisPlans.put('user-1', planOf('Kim'))).rejects.toMatchObject({
      code: 'HF_CLOSED',
    });
  });
});
