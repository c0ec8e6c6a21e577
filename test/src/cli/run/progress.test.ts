import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createOutput } from '../../../../src/cli/kit/output.ts';
import {
  emptyTally,
  FileRun,
  type FileRunOptions,
  type RunTally,
} from '../../../../src/cli/run/fileRun.ts';
import { countLines, inputLines } from '../../../../src/cli/run/inputFile.ts';
import { RunProgress, type RunState } from '../../../../src/cli/run/run.ts';
import type { Runtime } from '../../../../src/runtime.ts';
import { VirtualClock } from '../../../../src/virtual/virtualClock.ts';
import { HANGS_AFTER_MS } from '../../../support/hangs.ts';
import { startCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const WHOLE_LINE = '\r\u001b[K';

/** Output to a terminal 200 wide, or to a log, in virtual time. */
function begin(isTTY: boolean) {
  const clock = new VirtualClock();
  let written = '';
  const stream = { isTTY, columns: 200, write: (text: string) => (written += text) };
  const stderr = stream as unknown as NodeJS.WriteStream;
  const output = createOutput({ json: false }, { clock, stdout: stderr, stderr });
  const take = (): string => {
    const taken = written;
    written = '';
    return taken;
  };
  return { clock, output, take };
}

describe('UX-1 progress that is followed', () => {
  test('UX-1 on a terminal it is drawn again while nothing happens, and leaves a last line', async () => {
    const { clock, output, take } = begin(true);
    let done = 0;
    const end = output.follow(
      () => `done ${done}`,
      () => `ended ${done}`,
    );
    expect(take()).toBe(`${WHOLE_LINE}done 0`);
    for (done = 1; done < 5; done += 1) {
      await clock.advance(1_000);
      expect(take()).toMatch(new RegExp(`done ${done}$`));
    }
    end();
    expect(take()).toBe(`${WHOLE_LINE}ended 5\n`);
    await clock.advance(60_000);
    expect(take()).toBe('');
    expect(clock.pending).toBe(0);
  });

  test('UX-1 what is said meanwhile stands above it', async () => {
    const { clock, output, take } = begin(true);
    const end = output.follow(
      () => 'at work',
      () => 'ended',
    );
    await clock.advance(200);
    take();
    output.say('warning');
    expect(take()).toBe(`${WHOLE_LINE}warning\n${WHOLE_LINE}at work`);
    end();
  });

  test('UX-1 away from a terminal there is a line every few seconds, and a last one', async () => {
    const { clock, output, take } = begin(false);
    let done = 0;
    const end = output.follow(
      () => `done ${done}`,
      () => `ended ${done}`,
    );
    await clock.advance(4_900);
    expect(take()).toBe('');
    done = 7;
    await clock.advance(5_200);
    expect(take()).toBe('done 7\ndone 7\n');
    done = 9;
    end();
    expect(take()).toBe('ended 9\n');
  });
});

describe('UX-1 the line of a run', () => {
  const clock = new VirtualClock();
  const at = (state: Partial<RunState> & { readonly counts?: Partial<RunTally> }): RunState => ({
    tally: { ...emptyTally(), ...state.counts },
    total: 20_000,
    breaker: 'closed',
    nextTryAtMs: null,
    failures: new Map(),
    ...state,
  });

  test('UX-1 it says how much of how many, how fast, and how long it will take', async () => {
    let state = at({ counts: { accepted: 20_000 } });
    const progress = new RunProgress(clock, () => state);
    await clock.advance(1_000);
    expect(progress.line()).toBe('0 of 20000 done (0 %) · 0.0/s · waiting 20000');
    state = at({ counts: { accepted: 20_000, completed: 5_000 } });
    await clock.advance(9_000);
    expect(progress.line()).toBe('5000 of 20000 done (25 %) · 500/s · 0:30 left · waiting 15000');
    // The rate forgets: an outage shows at once.
    await clock.advance(11_000);
    expect(progress.line()).toContain('· 0.0/s ·');
  });

  test('UX-1 it says what the breaker waits for, and what failed', async () => {
    const state = at({
      counts: { accepted: 20_000, deadLettered: 3, bad: 2, inReview: 1 },
      breaker: 'open',
      nextTryAtMs: clock.now() + 12_000,
      failures: new Map([
        ['HF_UPSTREAM_UNREACHABLE', 4],
        ['503', 120],
        ['429', 1],
        ['500', 2],
      ]),
    });
    const progress = new RunProgress(clock, () => state);
    expect(progress.line()).toBe(
      '6 of 20000 done (0 %) · 0.0/s · breaker open, next try in 12 s · dead-lettered 3 · bad 2 · ' +
        'in review 1 · waiting 19996 · failed tries: 503 120 times, HF_UPSTREAM_UNREACHABLE 4 times, ' +
        '500 2 times, …',
    );
    await clock.advance(5_000);
    expect(progress.line()).toContain('next try in 7 s');
  });

  test('UX-1 where nobody knows the total it says what was accepted, and the last line how long it took', async () => {
    const state = at({ total: null, counts: { accepted: 40, completed: 30 } });
    const progress = new RunProgress(clock, () => state);
    await clock.advance(65_000);
    expect(progress.line()).toMatch(/^30 done · .*waiting 10 · accepted 40$/);
    expect(progress.lastLine()).toBe('30 done · in 1:05 · waiting 10');
  });
});

/** A run over so many lines whose first operation never ends and is watched for ever. */
function stuckRun(count: number) {
  const told = new Map<string, (fact: object) => void>();
  const options = {
    upstream: 'default',
    places: 32,
    run: () => null,
    onBadLine: () => undefined,
    onWaiting: () => undefined,
    runtime: {
      handle: () => Promise.resolve(),
      subscribe: (kind: string, listener: (fact: object) => void) => told.set(kind, listener),
      upstream: () => ({ waits: null }),
      operations: {
        get: (id: string) => ({
          subscribe: () => () => undefined,
          view: () => Promise.resolve({ id, state: id === 'old' ? 'completed' : 'waiting' }),
          outcome: new Promise(() => undefined),
        }),
      },
      async syncAll(
        requests: AsyncIterable<unknown>,
        { onResult }: { readonly onResult: (result: object) => unknown },
      ) {
        let index = 0;
        for await (const _ of requests) {
          const isOld = index === count - 1;
          const [status, id] = isOld ? ['duplicate', 'old'] : ['accepted', `id-${index}`];
          await onResult({ index, status, id });
          index += 1;
        }
      },
    } as unknown as Runtime,
  } satisfies FileRunOptions;
  const tell = (kind: 'operation.ended' | 'operation.parked', operationId: string, more: object) =>
    told.get(kind)?.({ kind, operationId, ...more });
  return { run: new FileRun(options), tell };
}

async function* manyLines(count: number) {
  for (let number = 1; number <= count; number += 1) {
    const text = JSON.stringify({ type: 'a.b', subject: `${number}`, tier: 'basic' });
    yield { number, text, problem: null };
  }
}

test('UX-1 what ends is counted when it ends, not in the order of the lines', async () => {
  const { run, tell } = stuckRun(5_000);
  const end = (id: string, ending: string): void => {
    tell('operation.ended', id, { ending });
  };
  const ended = run.run(manyLines(5_000));
  await vi.waitFor(() => {
    expect(run.tally.accepted).toBe(5_000);
  }, HANGS_AFTER_MS);
  // Found ended already, though thousands before it are not.
  expect(run.tally.completed).toBe(1);
  for (let index = 1_000; index < 4_999; index += 1) end(`id-${index}`, 'completed');
  end('id-999', 'deadLettered');
  end('id-999', 'deadLettered');
  end('of another file', 'completed');
  tell('operation.parked', 'id-0', { reason: 'backoff' });
  tell('operation.parked', 'id-1', { reason: 'review' });
  expect(run.tally).toMatchObject({ completed: 4_000, deadLettered: 1, inReview: 1 });
  expect(run.unfinished).toBe(999);
  for (let index = 0; index < 999; index += 1) end(`id-${index}`, 'completed');
  await ended;
  expect(run.unfinished).toBe(1);
});

test('UX-1 the lines of a file are counted as they are read', async () => {
  const text = fc.string({
    unit: fc.constantFrom('a', '{', ' ', '\t', '\r', '\n', '\n'),
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (content, size) => {
      async function* bytes() {
        for (let from = 0; from < content.length; from += size) {
          yield Buffer.from(content.slice(from, from + size));
        }
      }
      let lines = 0;
      for await (const _ of inputLines(bytes())) lines += 1;
      expect(await countLines(bytes())).toBe(lines);
    }),
  );
});

/** An upstream that takes everything; one that is not kept only tells of a free port. */
async function listen(at: number, isKept = false): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(at, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (!isKept) server.close();
  return { server, port };
}

test('UX-1 a run says how it stands while the upstream is away, and its last line is true', async () => {
  const folder = tempFolder();
  const keyPath = join(folder, 'holdfast.key');
  writeFileSync(keyPath, `${'5a'.repeat(32)}\n`, { mode: 0o600 });
  const file = join(folder, 'requests.ndjson');
  const line = (index: number): string =>
    JSON.stringify({ type: 'a.b', subject: `user-${index}`, tier: 'premium' });
  writeFileSync(file, `${Array.from({ length: 60 }, (_, index) => line(index)).join('\n')}\n`);
  const { port } = await listen(0);
  const store = ['--store', join(folder, 'store'), '--key-file', keyPath];
  const cli = startCli(['run', file, '--upstream', `http://127.0.0.1:${port}`, ...store, '--json']);
  await vi.waitFor(
    () => {
      expect(cli.said()).toMatch(
        /^0 of 60 done \(0 %\) .*waiting 60 .*failed tries: HF_UPSTREAM_UNREACHABLE \d+ times$/m,
      );
    },
    { timeout: HANGS_AFTER_MS, interval: 100 },
  );
  const { server: back } = await listen(port, true);
  onTestFinished(() => {
    back.close();
  });
  const { stdout, stderr, exitCode } = await cli.result;
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ accepted: 60, completed: 60 });
  expect(stderr).toMatch(/^60 of 60 done \(100 %\) · in \d+:\d\d$/m);
  expect(stderr).toMatch(/^holdfast: failed tries: HF_UPSTREAM_UNREACHABLE \d+ times\.$/m);
});
