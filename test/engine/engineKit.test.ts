import { expect, test } from 'vitest';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import { BEHAVIOURS } from './behaviours.ts';
import { engineKit } from './engineKit.ts';
import type { EngineFace } from './engineScene.ts';
import { processScene } from './processScene.ts';
import { type Planted, virtualScene } from './virtualScene.ts';

engineKit(
  'the embedded engine, in a process with a SQLite store',
  { exactPriority: true, virtualTime: false, crisisDurableLocally: true },
  processScene,
);
engineKit(
  'the embedded engine, on virtual time with a store in memory',
  { exactPriority: true, virtualTime: true, crisisDurableLocally: true },
  virtualScene,
);

/** The titles of the behaviours that fail on an engine with a planted defect. */
async function failing(planted: Planted): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { title, show } of BEHAVIOURS) {
    const scene = await virtualScene(planted);
    await scene.perform(show(scene)).catch(() => failed.push(title));
    await scene.dispose();
  }
  return failed;
}

/** An engine that is given other requests than its callers gave. */
function changing(change: (request: CheckedRequest) => CheckedRequest): Planted {
  return {
    wrap: (engine) =>
      faceOf(engine, { accept: (request, how) => engine.accept(change(request), how) }),
  };
}

function faceOf(engine: EngineFace, changes: Partial<EngineFace>): EngineFace {
  return {
    accept: (request, how) => engine.accept(request, how),
    acceptMany: (request) => engine.acceptMany(request),
    crisis: (request) => engine.crisis(request),
    view: (id) => engine.view(id),
    outcome: (id) => engine.outcome(id),
    tell: (id, wish) => engine.tell(id, wish),
    list: (query) => engine.list(query),
    health: () => engine.health(),
    deadLetters: engine.deadLetters,
    ...changes,
  };
}

let lost = 0;
const PLANTED: readonly (readonly [string, Planted, RegExp])[] = [
  [
    'loses what it says it has accepted',
    {
      wrap: (engine) =>
        faceOf(engine, {
          accept: (request, how) => {
            lost += 1;
            const id = `00000000-0000-4000-8000-${String(lost).padStart(12, '0')}`;
            return lost % 3 === 0
              ? Promise.resolve({ id, isDuplicate: false })
              : engine.accept(request, how);
          },
        }),
    },
    /^OP-/,
  ],
  [
    'does everything twice',
    {
      wrap: (engine) =>
        faceOf(engine, {
          accept: async (request, how) => {
            await engine.accept({ ...request, idempotencyKey: null }, how);
            return await engine.accept(request, how);
          },
        }),
    },
    /^OP-1 OP-3/,
  ],
  ['knows no lanes', changing((request) => ({ ...request, entity: null })), /^OP-4 a lane keeps/],
  [
    'knows no keys',
    changing((request) => ({ ...request, idempotencyKey: null })),
    /^OP-8 a repeat finds/,
  ],
  ['knows no priorities', changing((request) => ({ ...request, priority: 'normal' })), /^OP-6 /],
  ['forgets its disk', { forgetsItsDisk: true }, /^SV-3 OP-2/],
  [
    'says that it does what it is told, and does not',
    { wrap: (engine) => faceOf(engine, { tell: () => Promise.resolve(true) }) },
    /^OP-5 is cancelled/,
  ],
];

test('SC-2 control: the kit finds nothing amiss with a sound engine', async () => {
  expect(await failing({})).toEqual([]);
});

test.each(PLANTED)(
  'SC-2 control: an engine that %s fails the kit',
  async (_, planted, caughtBy) => {
    const failed = await failing(planted);
    expect(failed.filter((title) => caughtBy.test(title))).not.toEqual([]);
  },
);
