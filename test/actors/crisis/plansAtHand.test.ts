/** What is at hand of crisis plans, by a store that answers when the test wants it to. */

import { beforeEach, describe, expect, test } from 'vitest';
import { type FoundPlan, PlansAtHand } from '../../../actors/crisis/plansAtHand.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type {
  CrisisPlanPage,
  KeptCrisisPlan,
  UnreadableCrisisPlan,
} from '../../../persistence/port/store.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

type Answer = KeptCrisisPlan | UnreadableCrisisPlan | null;

let clock: VirtualClock;
let asked: { subject: string; answer: (kept: Answer) => void; fail: (error: unknown) => void }[];
/** Pages of all plans that were asked for. */
let pages: {
  after: number;
  answer: (page: CrisisPlanPage) => void;
  fail: (error: unknown) => void;
}[];
let errors: unknown[];
let plans: PlansAtHand;

const WITHIN_MS = 20;

beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
  pages = [];
  errors = [];
  plans = new PlansAtHand({
    clock,
    withinMs: WITHIN_MS,
    onError: (error) => errors.push(error),
    store: {
      crisisPlan: (subject) =>
        new Promise((answer, fail) => {
          asked.push({ subject, answer, fail });
        }),
      crisisPlanPage: ({ after }) =>
        new Promise((answer, fail) => {
          pages.push({ after, answer, fail });
        }),
    },
  });
});

function kept(subject: string, name = 'Sam', isPinned = false): KeptCrisisPlan {
  const resources = [{ kind: 'contact', name, regions: ['*'] }];
  return { subject, isPinned, plan: JSON.stringify({ format: 1, resources }) };
}

function open(...pinned: KeptCrisisPlan[]): void {
  plans.opened({ pinned, unreadable: [], isEmpty: false });
}

/** What is known without waiting. */
function now(subject: string): FoundPlan {
  const plan = plans.find(subject);
  if (plan instanceof Promise) throw new Error('It would have to wait.');
  return plan;
}

async function soon(subject: string): Promise<FoundPlan> {
  return await plans.find(subject);
}

const INCLUDED = { status: 'included', resources: [{ name: 'Sam', from: 'plan' }] };

describe('CR-3 CR-1 what needs no disk is answered at once', () => {
  test('CR-3 the plan of a pinned subject is at hand from the opening of the store on, and after its end', () => {
    expect(now('user-1')).toMatchObject({ status: 'storeNotOpen' });
    open(kept('user-1', 'Sam', true));
    expect(now('user-1')).toMatchObject(INCLUDED);
    plans.closed();
    expect(now('user-1')).toMatchObject(INCLUDED);
    expect(now('user-2')).toMatchObject({ status: 'storeNotOpen' });
    expect(asked).toEqual([]);
  });

  test('CR-3 a pinned subject without a plan has none, and nobody has one in an empty store', () => {
    open({ subject: 'user-1', plan: null, isPinned: true });
    expect(now('user-1')).toEqual({ status: 'none', resources: [] });
    plans.opened({ pinned: [], unreadable: [], isEmpty: true });
    expect(now('user-2')).toEqual({ status: 'none', resources: [] });
    plans.changed('user-3', kept('user-3'));
    // All that there are stay known.
    expect(now('user-2')).toMatchObject({ status: 'none' });
    expect(now('user-3')).toMatchObject(INCLUDED);
    expect(asked).toEqual([]);
  });

  test('CR-3 nobody who was given an answer can change the plan in the next', () => {
    open(kept('user-1', 'Sam', true));
    const { resources } = now('user-1');
    expect(() => Object.assign(resources[0] ?? {}, { name: '' })).toThrow(TypeError);
    expect(() => Object.assign(resources, { 0: null })).toThrow(TypeError);
  });
});

describe('CR-3 any other plan is read within a bound', () => {
  test('CR-3 it is there in time', async () => {
    open();
    const plan = soon('user-1');
    asked[0]?.answer(kept('user-1'));
    expect(await plan).toMatchObject(INCLUDED);
    // Whoever asks again need not wait.
    expect(now('user-1')).toMatchObject(INCLUDED);
  });

  test('CR-1 one that is late is left out, and is at hand for who asks again', async () => {
    open();
    const plan = soon('user-1');
    await clock.advance(WITHIN_MS);
    expect(await plan).toEqual({ status: 'notReadInTime', resources: [] });
    // It is asked for once, however often the person tries.
    const again = soon('user-1');
    expect(asked).toHaveLength(1);
    asked[0]?.answer(kept('user-1'));
    expect(await again).toMatchObject(INCLUDED);
    expect(now('user-1')).toMatchObject(INCLUDED);
  });

  test('OP-6 what waits for a slow disk is bounded', () => {
    open();
    for (let user = 1; user <= 1_000; user += 1) void plans.find(`user-${user}`);
    expect(asked).toHaveLength(64);
    expect(now('user-1000')).toMatchObject({ status: 'notReadInTime' });
  });

  test('CR-3 that somebody has none is known to who asks again', async () => {
    open();
    const plan = soon('user-1');
    asked[0]?.answer(null);
    expect(await plan).toMatchObject({ status: 'none' });
    expect(now('user-1')).toMatchObject({ status: 'none' });
    plans.changed('user-1', kept('user-1'));
    expect(now('user-1')).toMatchObject(INCLUDED);
  });

  test('OP-6 what is kept of reads is bounded in bytes, those asked for last stay', async () => {
    open();
    const large = 'x'.repeat(60_000);
    for (let user = 1; user <= 300; user += 1) {
      const plan = soon(`user-${user}`);
      asked.at(-1)?.answer(kept(`user-${user}`, large));
      await plan;
      // One that is asked for again and again.
      expect(now('user-1')).toMatchObject({ status: 'included' });
    }
    expect(now('user-300')).toMatchObject({ status: 'included' });
    expect(() => now('user-2')).toThrow('wait');
    let inMemory = 0;
    for (let user = 3; user <= 300; user += 1) {
      if (!(plans.find(`user-${user}`) instanceof Promise)) inMemory += 1;
    }
    expect(inMemory).toBeGreaterThan(250);
    expect(inMemory * 60_000).toBeLessThan(17 * 1_048_576);
  });

  test.each([
    [{ unreadable: 'HF_RECORD_TAMPERED' }, 'HF_RECORD_TAMPERED'],
    [{ subject: 'user-1', isPinned: false, plan: '{"format":2}' }, 'HF_RECORD_NEWER'],
  ])('PS-3 one that can not be opened is said to be so, and told of: %j', async (answer, code) => {
    open();
    const plan = soon('user-1');
    asked[0]?.answer(answer);
    expect(await plan).toEqual({ status: 'unreadable', resources: [] });
    expect(errors).toMatchObject([{ code }]);
    expect((errors[0] as Error).message).not.toContain('user-1');
  });

  test.each([
    ['HF_CLOSED', 'storeNotOpen', 0],
    ['HF_STORE_UNAVAILABLE', 'storeNotOpen', 0],
    ['HF_STORE_IO', 'unreadable', 1],
  ] as const)(
    'CR-1 a store that fails with %s is no reason to reject',
    async (code, status, told) => {
      open();
      const plan = soon('user-1');
      asked[0]?.fail(new HoldfastError(code, 'as the test wants it'));
      expect(await plan).toMatchObject({ status });
      expect(errors).toHaveLength(told);
    },
  );

  test('PS-3 pinned ones that can not be opened are told of when the store opens', () => {
    plans.opened({
      pinned: [kept('user-1', 'Sam', true), { ...kept('user-2'), plan: '{"format":2}' }],
      unreadable: ['HF_RECORD_TAMPERED'],
      isEmpty: false,
    });
    expect(errors).toMatchObject([{ code: 'HF_RECORD_NEWER' }, { code: 'HF_RECORD_TAMPERED' }]);
    expect(now('user-1')).toMatchObject(INCLUDED);
  });
});

describe('CR-3 plans are refreshed when they change', () => {
  test('CR-3 a pinned one, and one that was read', async () => {
    open(kept('user-1', 'Sam', true));
    plans.changed('user-1', kept('user-1', 'Kim', true));
    expect(now('user-1')).toMatchObject({ resources: [{ name: 'Kim' }] });
    plans.changed('user-1', null);
    expect(now('user-1')).toMatchObject({ status: 'none' });

    const plan = soon('user-2');
    asked.at(-1)?.answer(kept('user-2'));
    await plan;
    plans.changed('user-2', kept('user-2', 'Kim'));
    expect(now('user-2')).toMatchObject({ resources: [{ name: 'Kim' }] });
  });

  test('CR-3 what was being read when it changed is not kept for the next answer', async () => {
    open();
    const before = soon('user-1');
    plans.changed('user-1', kept('user-1', 'Kim'));
    expect(now('user-1')).toMatchObject({ resources: [{ name: 'Kim' }] });
    asked[0]?.answer(kept('user-1', 'Sam'));
    await before;
    expect(now('user-1')).toMatchObject({ resources: [{ name: 'Kim' }] });
  });
});

const turn = async (): Promise<void> => {
  await clock.advance(0);
};

describe('CR-3 all plans are brought to memory behind the opening of the store', () => {
  const page = (names: readonly string[], next: number | null, unreadable = 0): CrisisPlanPage => ({
    kept: names.map((name) => kept(name)),
    unreadable,
    next,
  });

  test('CR-3 then nobody is looked for on disk, and who is not there has none', async () => {
    open(kept('user-1', 'Kim', true));
    expect(pages.map(({ after }) => after)).toEqual([0]);
    pages[0]?.answer(page(['user-1', 'user-2'], 7));
    await turn();
    expect(now('user-2')).toMatchObject(INCLUDED);
    expect(() => now('user-4')).toThrow('wait');
    expect(pages.map(({ after }) => after)).toEqual([0, 7]);
    pages[1]?.answer(page(['user-3'], null));
    await turn();
    expect(now('user-3')).toMatchObject(INCLUDED);
    expect(now('user-1')).toMatchObject({ resources: [{ name: 'Kim' }] });
    expect(now('user-5')).toMatchObject({ status: 'none' });
    expect(now('user-6')).toMatchObject({ status: 'none' });
    expect(pages).toHaveLength(2);
  });

  test('CR-3 what was changed meanwhile is not taken from what was read before', async () => {
    open();
    plans.changed('user-1', kept('user-1', 'Kim'));
    plans.changed('user-2', null);
    pages[0]?.answer(page(['user-1', 'user-2'], null));
    await turn();
    expect(now('user-1')).toMatchObject({ resources: [{ name: 'Kim' }] });
    expect(now('user-2')).toMatchObject({ status: 'none' });
  });

  test.each([
    ['one of them can not be opened', () => pages[0]?.answer(page(['user-1'], null, 1))],
    ['the disk fails', () => pages[0]?.fail(new HoldfastError('HF_STORE_IO', 'as planned'))],
  ])('CR-3 where %s, who is not in memory is looked for', async (_, answer) => {
    open();
    answer();
    await turn();
    expect(() => now('user-9')).toThrow('wait');
    expect(asked.map(({ subject }) => subject)).toEqual(['user-9']);
    expect(errors).toEqual([]);
  });

  test('OP-6 there is room for so many bytes: the rest stays on disk and is looked for', async () => {
    open();
    const large = 'x'.repeat(60_000);
    for (let from = 0; pages[from] !== undefined && from < 20; from += 1) {
      const names = Array.from({ length: 64 }, (_, at) => kept(`user-${from * 64 + at}`, large));
      pages[from]?.answer({ kept: names, unreadable: 0, next: from + 1 });
      await turn();
    }
    expect(pages).toHaveLength(5);
    expect(now('user-0')).toMatchObject({ status: 'included' });
    expect(() => now('user-319')).toThrow('wait');
    expect(() => now('nobody')).toThrow('wait');
  });

  test('CR-3 a store that is opened again is read again', async () => {
    open();
    open();
    pages[0]?.answer(page(['user-1'], null));
    await turn();
    expect(() => now('user-1')).toThrow('wait');
    pages[1]?.answer(page(['user-1'], null));
    await turn();
    expect(now('user-1')).toMatchObject(INCLUDED);
  });
});

describe('CR-3 pins are bounded in bytes', () => {
  test('CR-3 thousands of people are pinned', () => {
    open();
    let pinned = 0;
    for (; plans.hasRoomToPin(`user-${pinned}`); pinned += 1) {
      plans.changed(`user-${pinned}`, kept(`user-${pinned}`, 'Sam', true));
    }
    expect(pinned).toBe(8_192);
    expect(plans.hasRoomToPin('user-1')).toBe(true);
    plans.changed('user-1', kept('user-1'));
    expect(plans.hasRoomToPin('user-9000')).toBe(true);
  });

  test('CR-3 a plan that grows beyond them stays pinned and in memory, as those of others are', () => {
    open();
    for (let user = 0; user < 140; user += 1) {
      plans.changed(`user-${user}`, kept(`user-${user}`, 'x'.repeat(60_000), true));
    }
    expect(plans.hasRoomToPin('another')).toBe(true);
    expect(now('user-139')).toMatchObject({ status: 'included' });
    expect(plans.isPinned('user-139')).toBe(true);
    plans.changed('user-139', null);
    expect(plans.isPinned('user-139')).toBe(false);
  });

  test('CR-1 who looks on is told of all once, and then of each change alone', () => {
    const told: [boolean, string[]][] = [];
    plans.watch(({ isWhole, pinned }) => told.push([isWhole, [...pinned.keys()]]));
    open(kept('user-1', 'Sam', true), kept('user-2', 'Sam', true));
    plans.changed('user-3', kept('user-3', 'Sam', true));
    plans.changed('user-1', null);
    plans.hold('user-4');
    plans.closed();
    expect(told).toEqual([
      [true, []],
      [true, ['user-1', 'user-2']],
      [false, ['user-3']],
      [false, ['user-1']],
      [false, ['user-4']],
      [false, []],
    ]);
  });
});
