import { describe, expect, test } from 'vitest';
import { conflictFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Operation } from '../../src/operation.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

/** How a call ended: `resolved`, or the code it was rejected with. */
async function endOf(call: Promise<void>): Promise<string> {
  return await call.then(
    () => 'resolved',
    (error: unknown) => {
      const { code, retry } = error as { readonly code: string; readonly retry: string };
      return `${code}, ${retry}`;
    },
  );
}

async function bootWith(world: World, failsFirst: boolean): Promise<Process> {
  let calls = 0;
  const process = world.boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: () => {
          calls += 1;
          if (failsFirst && calls === 1) throw conflictFailure('Another version.');
          return null;
        },
      },
    },
  });
  await world.clock.run(process.runtime.ready);
  return process;
}

/** An operation that rests, of a process whose disk fails from now on. */
async function restingOnSickDisk(
  world: World,
): Promise<{ readonly process: Process; readonly operation: Operation }> {
  const process = await bootWith(world, true);
  const operation = await world.clock.run(process.runtime.sync(REQUEST));
  await world.clock.advance(1_000);
  process.store.faults.fate = () => 'failsUnwritten';
  return { process, operation };
}

describe.each(['cancel', 'retryNow'] as const)('OP-5 PS-6 %s() while the disk fails', (call) => {
  test('OP-5 PS-6 is rejected with the cause, to be asked again', async () => {
    const world = createWorld();
    const { process, operation } = await restingOnSickDisk(world);
    expect(await world.clock.run(endOf(operation[call]()))).toBe('HF_STORE_UNAVAILABLE, later');
    // The disk is well again, and so is the call.
    process.store.faults.fate = () => 'works';
    await world.clock.advance(60_000);
    expect(await world.clock.run(endOf(operation[call]()))).toBe('resolved');
  });

  test('OP-5 PS-6 has promised nothing that a crash could break', async () => {
    const world = createWorld();
    const { process, operation } = await restingOnSickDisk(world);
    const end = await world.clock.run(endOf(operation[call]()));
    process.kill();
    const second = await bootWith(world, false);
    const { state } = await world.clock.run(second.runtime.operations.get(operation.id).view());
    // As it was before the call; had the call resolved, this would break its promise.
    expect([end === 'resolved', state]).toEqual([false, 'conflicted']);
  });

  test('OP-5 SV-4 is told when the runtime closes over a disk that stalls', async () => {
    const world = createWorld();
    const { process, operation } = await restingOnSickDisk(world);
    process.store.faults.fate = () => 'works';
    process.store.faults.delayMs = () => 86_400_000;
    const ended = endOf(operation[call]());
    await world.clock.run(process.runtime.close({ deadlineMs: 1_000 }).catch(() => undefined));
    // Either says that it may hold or not, and that it may be asked again.
    expect(await world.clock.run(ended)).toMatch(/^HF_(STORE_HANGING|CLOSED), later$/);
  });

  test('OP-5 is not asked of the disk for what has ended', async () => {
    const world = createWorld();
    const process = await bootWith(world, false);
    const operation = await world.clock.run(process.runtime.sync(REQUEST));
    await world.clock.run(operation.outcome);
    process.store.faults.fate = () => 'failsUnwritten';
    expect(await world.clock.run(endOf(operation[call]()))).toBe('resolved');
  });
});
