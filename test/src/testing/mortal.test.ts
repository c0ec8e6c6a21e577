import { expect, test } from 'vitest';
import type { Handler, Run } from '../../../actors/operation/handler.ts';
import { mortalHandler, newLife } from '../../../src/virtual/life.ts';
import { attemptOf } from '../../support/harness/attempt.ts';

const held = { version: '"r1"', value: 1 };
const fetchCurrent = (): typeof held => held;

/** What a handler's reads come to now; `none` where it never answers. */
async function readBy(read: Handler['run']['fetchCurrent']): Promise<unknown> {
  const never = new Promise((resolve) => {
    setTimeout(resolve, 5, 'none');
  });
  return await Promise.race([read?.(attemptOf()), never]);
}

test('CF-6 SV-4 a handler keeps the way in which it reads records, and a dead process has no answer', async () => {
  const life = newLife();
  const run: Run = Object.assign(() => 'done', { fetchCurrent });
  const bare = mortalHandler({ upstream: 'default', run: () => 'done', conflicts: true }, life);
  const ofRun = mortalHandler({ upstream: 'default', run, conflicts: true }, life);
  const own = { fetchCurrent, roundsMax: 3 };
  const ofConflicts = mortalHandler({ upstream: 'default', run, conflicts: own }, life);
  const { conflicts } = ofConflicts;
  const ownRead = typeof conflicts === 'object' ? conflicts.fetchCurrent : undefined;
  expect(bare.run.fetchCurrent).toBeUndefined();
  expect(conflicts).toMatchObject({ roundsMax: 3 });
  expect(await ofRun.run(attemptOf())).toBe('done');
  expect(await readBy(ofRun.run.fetchCurrent)).toEqual(held);
  expect(await readBy(ownRead)).toEqual(held);
  life.end();
  expect(await readBy(ofRun.run.fetchCurrent)).toBe('none');
  expect(await readBy(ownRead)).toBe('none');
});

test('SM-1 a process that went on since is told from one that ran all the time', () => {
  const life = newLife();
  const goOn = life.halt({ defer: () => undefined });
  const whileStill = life.turns();
  expect(life.turns()).toBe(whileStill);
  goOn();
  expect(life.turns()).toBe(whileStill + 1);
  goOn();
  expect(life.turns()).toBe(whileStill + 1);
});
