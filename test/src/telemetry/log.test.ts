import { describe, expect, test, vi } from 'vitest';
import { alertLevel } from '../../../actors/facts/factWords.ts';
import {
  type Clock,
  createRuntime,
  type FactOf,
  type RuntimeOptions,
  transientFailure,
} from '../../../src/index.ts';
import {
  LINES_MAX,
  Log,
  type LogFields,
  type LogFunction,
  type LogLevel,
} from '../../../src/telemetry/log.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const SECRET = 'the-secret-of-user-42';

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps what it is told. */
function keeping() {
  const lines: Line[] = [];
  const logger = (level: LogLevel, message: string, fields: LogFields): void => {
    lines.push({ level, message, fields });
  };
  const of = (kind: string): readonly Line[] =>
    lines.filter(({ fields }) => fields['kind'] === kind);
  return { lines, logger, of };
}

type Run = NonNullable<RuntimeOptions['handlers']>[string]['run'];

function options(run: Run, more: Partial<RuntimeOptions> = {}): Partial<RuntimeOptions> {
  return {
    upstreams: { payments: { retry: { attemptsMax: 2, initialDelayMs: 10, delayMsMax: 10 } } },
    handlers: { 'payments.push': { upstream: 'payments', run } },
    ...more,
  };
}

const busy = (): never => {
  throw transientFailure('Busy.', { status: 500 });
};
const defective = (): never => {
  throw new TypeError(`Cannot read ${SECRET}`);
};

describe('OB-6 the log', () => {
  test('OB-6 OP-3 says what failed, what was given up, and where a defect of a handler is', async () => {
    const { clock, boot } = createWorld();
    const log = keeping();
    const { runtime } = boot(options(defective, { logger: log.logger }));
    const operation = await clock.run(runtime.sync({ ...REQUEST, payload: { note: SECRET } }));
    expect((await clock.run(operation.outcome, 60_000)).status).toBe('deadLettered');
    await clock.advance(10);

    expect(log.of('attempt.failed')[0]).toMatchObject({ level: 'info', fields: { attempt: 1 } });
    expect(log.of('handler.threw')[0]).toMatchObject({
      level: 'error',
      message: expect.stringMatching(
        /the handler of payments.push failed with TypeError at test.src/,
      ),
    });
    expect(log.of('operation.ended')).toMatchObject([
      {
        level: 'error',
        message: expect.stringContaining('was given up after 2 attempts'),
        fields: { operationId: operation.id, type: 'payments.push', ending: 'deadLettered' },
      },
    ]);
    await clock.run(runtime.close());
    expect(log.lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'holdfast: running: the store is open and work is accepted',
        'holdfast: stopping: what is in flight has 5000 ms to end',
        'holdfast: stopped',
      ]),
    );
    // Neither payload nor subject, nor what the handler said.
    expect(JSON.stringify(log.lines)).not.toMatch(/user-42|the-secret/);
  });

  test('OB-6 CB-1 DG-1 an outage is told by breaker and level, and so is its end', async () => {
    const { clock, boot } = createWorld();
    const log = keeping();
    const { runtime } = boot(options(() => null, { logger: log.logger }));
    await clock.run(runtime.ready);
    runtime.upstream('payments').forceOpen('maintenance', 'ana');
    await clock.advance(10);
    runtime.upstream('payments').release('ana');
    await clock.run((await clock.run(runtime.sync(REQUEST))).outcome);
    await clock.advance(10);
    expect(log.of('breaker.changed').map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'holdfast: breaker of payments is forcedOpen (operator)'],
      ['info', 'holdfast: breaker of payments is closed (probeSucceeded)'],
    ]);
    await clock.run(runtime.close());
  });

  test('OP-7 OB-6 what waits for a person is told in the words of its alert, many together', async () => {
    const { clock, boot } = createWorld();
    const first = boot(options(() => null));
    await clock.run(first.runtime.ready);
    first.runtime.upstream('payments').forceOpen('maintenance');
    for (let n = 0; n < 30; n += 1) await clock.run(first.runtime.sync(REQUEST));
    first.kill();
    const log = keeping();
    const { runtime } = boot({ upstreams: { payments: {} }, logger: log.logger });
    await clock.advance(60_000);
    expect(log.of('operation.parked').length).toBeGreaterThan(0);
    expect(log.of('operation.parked').length).toBeLessThanOrEqual(LINES_MAX);
    expect(log.of('operation.parked')[0]).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('no handler of its type is registered'),
      fields: { code: 'HF_HANDLER_UNKNOWN' },
    });
    await clock.run(runtime.close());
  });

  test('PS-6 OB-6 a start that fails says why, and storage in trouble what to do', async () => {
    const { clock, boot } = createWorld();
    const log = keeping();
    const { runtime, store } = boot(options(() => null, { logger: log.logger }));
    await clock.run(runtime.ready);
    store.faults.fate = () => 'failsUnwritten';
    await clock.run(runtime.sync(REQUEST).catch(() => undefined));
    await clock.advance(100);
    expect(log.of('storage.changed')[0]).toMatchObject({ level: 'error' });
    store.faults.fate = () => 'works';
    await clock.advance(30_000);
    expect(log.of('storage.changed').at(-1)).toMatchObject({ level: 'info' });
    await clock.run(runtime.close());

    const lines = keeping();
    const wrong = createRuntime({
      store: '/proc/nowhere/at/all',
      key: { kind: 'raw', load: () => Promise.reject(new Error(SECRET)) },
      logger: lines.logger,
    });
    await expect(wrong.ready).rejects.toMatchObject({ code: expect.any(String) });
    await wrong.close();
    expect(lines.of('start.failed')).toMatchObject([{ level: 'error' }]);
    // A takeover is no trouble.
    expect(alertLevel('start.failed', 'HF_STORE_OWNED')).toBe('warn');
    expect(JSON.stringify(lines.lines)).not.toContain(SECRET);
  });

  test('CR-5 OB-6 a crisis is told of: kept, not delivered in time, delivered', async () => {
    const { clock, boot } = createWorld();
    const log = keeping();
    let isDown = true;
    const care: Run = () => {
      if (isDown) throw transientFailure('Down.', { status: 503 });
      return null;
    };
    const { runtime } = boot({
      handlers: { 'crisis.alert': { upstream: 'default', run: care } },
      crisis: { escalateAfterMs: 1_000 },
      logger: log.logger,
    });
    await clock.run(runtime.ready);
    const crisis = await clock.run(
      runtime.crisis({ subject: 'user-42', payload: { note: SECRET } }),
    );
    await clock.advance(5_000);
    isDown = false;
    await clock.run(crisis.delivery, 600_000);
    await clock.advance(10);
    const told = log.lines.filter(({ fields }) => fields['operationId'] === crisis.operationId);
    expect(told.map(({ level, fields }) => `${level} ${String(fields['kind'])}`)).toEqual(
      expect.arrayContaining([
        'info operation.accepted',
        'error crisis.escalated',
        'info operation.ended',
      ]),
    );
    expect(JSON.stringify(log.lines)).not.toMatch(/user-42|the-secret/);
    await clock.run(runtime.close());
  });

  test('SE-5 OB-6 what a listener throws is told by class and place, never by its message', async () => {
    const { clock, boot } = createWorld();
    const log = keeping();
    const { runtime } = boot(options(() => null, { logger: log.logger }));
    runtime.subscribe(() => {
      throw new RangeError(SECRET);
    });
    await clock.run(runtime.ready);
    await clock.advance(10);
    expect(log.of('failure.noted')).toMatchObject([
      { level: 'error', message: expect.stringMatching(/RangeError at test.src.telemetry/) },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain(SECRET);
    await clock.run(runtime.close());
  });
});

const ENDED: Omit<FactOf<'operation.ended'>, 'operationId'> = {
  kind: 'operation.ended',
  atMs: 0,
  type: 'payments.push',
  upstream: 'payments',
  tier: 'premium',
  priority: 'normal',
  ending: 'deadLettered',
  code: 'HF_ATTEMPTS_EXHAUSTED',
  attempts: 4,
  elapsedMs: 9,
};

/** A log over turns of the event loop that are taken by hand. */
function openLog(logger: LogFunction) {
  const turns: (() => void)[] = [];
  let nowMs = 0;
  let wake: (() => void) | null = null;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    schedule: (_, go) => {
      wake = go;
      return () => {
        wake = null;
      };
    },
    defer: (go) => {
      turns.push(go);
    },
  };
  const log = new Log({ clock, logger, onFailed: () => undefined });
  return {
    log,
    /** Takes the turns that are due, and says how many those were. */
    turn: (): number => {
      const due = turns.splice(0);
      for (const go of due) go();
      return due.length;
    },
    pass: (ms: number): void => {
      nowMs += ms;
    },
    /** The timer goes off, where one is set; says whether one was. */
    ring: (): boolean => {
      const go = wake;
      wake = null;
      go?.();
      return go !== null;
    },
  };
}

describe('OB-6 a storm', () => {
  test('OB-6 of ten thousand failures writes a few lines, and one that says how many were left out', () => {
    const { lines, logger } = keeping();
    const { log, turn, pass, ring } = openLog(logger);
    for (let n = 0; n < 10_000; n += 1) log.fact({ ...ENDED, operationId: `id-${n}` });
    log.fact({ ...ENDED, operationId: 'another', type: 'mood.save' });
    turn();
    // What is of another kind is not lost in it.
    expect(lines).toHaveLength(LINES_MAX + 1);
    pass(60_000);
    expect(ring()).toBe(true);
    turn();
    expect(lines).toHaveLength(LINES_MAX + 2);
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      message:
        'holdfast: 9995 more lines like this were left out: operation.ended payments payments.push HF_ATTEMPTS_EXHAUSTED',
      fields: { kind: 'operation.ended', leftOut: 9_995 },
    });
    // A quiet log has no timer.
    log.fact({ ...ENDED, operationId: 'id' });
    expect(ring()).toBe(false);
  });

  test('OB-6 goes on with its first lines in the next minute, and any number of kinds takes bounded memory', () => {
    const { lines, logger } = keeping();
    const { log, turn, pass } = openLog(logger);
    for (let minute = 0; minute < 3; minute += 1) {
      for (let n = 0; n < 10; n += 1) log.fact({ ...ENDED, operationId: 'id' });
      pass(60_000);
    }
    turn();
    expect(lines).toHaveLength(3 * LINES_MAX + 2);
    lines.length = 0;
    for (let n = 0; n < 5_000; n += 1) {
      log.fact({ ...ENDED, type: `type.n${n}`, operationId: 'id' });
    }
    turn();
    expect(lines.length).toBeLessThan(250);
  });

  test('CR-1 OB-6 a slow logger has one line of each turn of the event loop, and loses what is too much', () => {
    const { lines, logger } = keeping();
    const slow = openLog((...line) => {
      logger(...line);
      slow.pass(1_000);
    });
    const { log, turn, pass } = slow;
    log.fact({ kind: 'runtime.started', atMs: 0 });
    for (let n = 0; n < 200; n += 1) log.fact({ ...ENDED, type: `t.n${n}`, operationId: 'id' });
    for (let n = 1; n <= 5; n += 1) {
      expect(turn()).toBe(1);
      expect(lines).toHaveLength(n);
    }
    for (let minute = 0; minute < 20; minute += 1) {
      pass(60_000);
      for (let n = 0; n < 199; n += 1) log.fact({ ...ENDED, type: `t.n${n}`, operationId: 'id' });
    }
    while (turn() > 0) continue;
    expect(lines.at(-1)?.message).toMatch(/^holdfast: \d+ lines were lost/);
    expect(lines.length).toBeLessThan(1_010);
  });

  test('SV-4 OB-6 what waits at the end is written before the process may exit', () => {
    const { lines, logger } = keeping();
    const { log } = openLog(logger);
    for (let n = 0; n < 7; n += 1) log.fact({ ...ENDED, operationId: 'id' });
    log.fact({ kind: 'runtime.stopped', atMs: 0 });
    expect(lines.map(({ fields }) => fields['leftOut'] ?? fields['kind'])).toEqual([
      ...Array.from({ length: LINES_MAX }, () => 'operation.ended'),
      2,
      'runtime.stopped',
    ]);
  });
});

describe('OB-6 SV-2 a logger', () => {
  test.each([
    [
      'throws',
      (): never => {
        throw new Error('No disk for logs.');
      },
    ],
    ['rejects', async (): Promise<never> => await Promise.reject(new Error('No disk for logs.'))],
    ['never answers', async (): Promise<never> => await new Promise<never>(() => undefined)],
  ])('OB-6 SV-2 that %s breaks nothing, and is told of once', async (what, logger) => {
    const { clock, boot } = createWorld();
    const { runtime, errors } = boot(options(busy, { logger }));
    const operation = await clock.run(runtime.sync(REQUEST));
    expect((await clock.run(operation.outcome, 600_000)).status).toBe('deadLettered');
    await clock.run(runtime.close());
    const told = errors.filter((error) => (error as Error).message === 'No disk for logs.');
    expect(told).toHaveLength(what === 'never answers' ? 0 : 1);
  });

  test('UX-2 that is none is refused with what would be', () => {
    for (const logger of [{}, { info: () => null }, 'console', 7]) {
      expect(() => createRuntime({ store: ':memory:', logger: logger as never })).toThrow(
        expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'logger' }),
      );
    }
  });

  test('UX-1 OB-6 console, an object of its shape, pino and a function are called as each expects', async () => {
    const { clock, boot } = createWorld();
    const calls: unknown[][] = [];
    const method = (...given: unknown[]): void => {
      calls.push(given);
    };
    const levels = { info: method, warn: method, error: method };
    const start = 'holdfast: running: the store is open and work is accepted';
    const fields = expect.objectContaining({ kind: 'runtime.started' });
    // `child` alone is no sign: winston has it, too, and takes the message first.
    for (const [logger, expected] of [
      [levels, [start, fields]],
      [{ ...levels, child: () => levels, level: 'info' }, [start, fields]],
      [{ ...levels, child: () => levels, bindings: () => ({}) }, [fields, start]],
      [Object.assign(method, levels), [start, fields]],
      [(...given: unknown[]) => calls.push(given), ['info', start, fields]],
    ] as const) {
      calls.length = 0;
      const { runtime } = boot({ logger: logger as never });
      await clock.run(runtime.ready);
      await clock.advance(10);
      expect(calls[0]).toEqual(expected);
      await clock.run(runtime.close());
    }
    const spy = vi.spyOn(console, 'info').mockReturnValue();
    const { runtime } = boot({ logger: console });
    await clock.run(runtime.ready);
    await clock.advance(10);
    expect(spy.mock.calls[0]).toEqual([start]);
    await clock.run(runtime.close());
    spy.mockRestore();
  });
});
