import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../../actors/operation/outcome.ts';
import type { SyncRequest } from '../../../../machines/policy/request/request.ts';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import type { BulkResult } from '../../../../src/bulk.ts';
import { FileRun, type FileRunOptions } from '../../../../src/cli/run/fileRun.ts';
import type { InputLine } from '../../../../src/cli/run/inputFile.ts';
import type { Runtime } from '../../../../src/runtime.ts';

const LATER = new HoldfastError('HF_STORE_FULL', 'The disk is full.', { retry: 'later' });

/** A runtime whose disk takes nothing of a bulk at first: the first `refusals` of it are refused. */
function runtimeWithFullDisk(refusals: number) {
  const accepted: string[] = [];
  let reason: string | null = null;
  const waitFor = (given: string | null): void => {
    reason = given;
  };
  const accept = ({ subject }: SyncRequest): { readonly id: string } => {
    accepted.push(subject);
    return { id: subject };
  };
  const runtime = {
    handle: () => Promise.resolve(),
    subscribe: () => () => undefined,
    upstream: () => ({
      get waits() {
        return reason === null ? null : { reason, untilAtMs: null };
      },
    }),
    operations: {
      get: (id: string) => ({
        subscribe: () => () => undefined,
        view: () => Promise.resolve({ id, state: 'completed' }),
        outcome: Promise.resolve({ status: 'completed' } as Outcome),
      }),
    },
    async sync(request: SyncRequest) {
      await setImmediate();
      return accept(request);
    },
    async syncAll(
      requests: AsyncIterable<SyncRequest>,
      { onResult }: { readonly onResult: (result: BulkResult) => Promise<void> | void },
    ) {
      const heard: Promise<void>[] = [];
      let index = 0;
      for await (const request of requests) {
        const result: BulkResult =
          index < refusals
            ? { index, status: 'refused', error: LATER }
            : { index, status: 'accepted', ...accept(request) };
        heard.push(Promise.resolve(onResult(result)));
        index += 1;
      }
      await Promise.all(heard);
    },
  };
  return { runtime: runtime as unknown as Runtime, accepted, waitFor };
}

async function* lines(count: number): AsyncGenerator<InputLine> {
  for (let number = 1; number <= count; number += 1) {
    const entity = { type: 'subscription', id: 'sub-1' };
    const text = JSON.stringify({ type: 'a.b', subject: `${number}`, tier: 'basic', entity });
    yield { number, text, problem: null };
  }
}

function fileRun(runtime: Runtime, onWaiting: FileRunOptions['onWaiting']): FileRun {
  return new FileRun({
    ...{ runtime, upstream: 'default', places: 32, run: () => null, onWaiting },
    onBadLine: (error) => {
      throw error;
    },
  });
}

describe('a file of requests', () => {
  test('OP-4 what the store could not take is offered again before any later line', async () => {
    const { runtime, accepted } = runtimeWithFullDisk(2);
    const waitedFor: unknown[] = [];
    const run = fileRun(runtime, (error) => {
      waitedFor.push(error);
    });
    await run.run(lines(5));
    expect(waitedFor).toEqual([LATER, LATER]);
    expect(accepted).toEqual(['1', '2', '3', '4', '5']);
    expect(run.tally).toMatchObject({ accepted: 5, completed: 5, bad: 0 });
  });

  test('OP-6 while lines would wait for a place alone none is read; while the upstream is down all are kept', async () => {
    const { runtime, accepted, waitFor } = runtimeWithFullDisk(0);
    const run = fileRun(runtime, (error) => {
      throw error;
    });
    waitFor('slot');
    const ended = run.run(lines(5));
    for (let turn = 0; turn < 100; turn += 1) await setImmediate();
    expect(accepted).toEqual([]);
    waitFor('breaker');
    await ended;
    expect(run.tally).toMatchObject({ accepted: 5, completed: 5 });
  });
});
