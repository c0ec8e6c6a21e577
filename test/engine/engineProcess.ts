/**
 * A process around the local engine, there to be killed. It answers calls on the port, one line of
 * JSON each way.
 *
 * @module
 */

import { createInterface } from 'node:readline';
import { systemClock, systemRandom } from '../../actors/platform/systemClock.ts';
import type { CrisisAnswer, Outcome } from '../../actors/port.ts';
import { toPlainError } from '../../machines/vocabulary/errors.ts';
import { openStore } from '../../persistence/openStore.ts';
import { keyFile } from '../../persistence/sealing/keyFile.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import { kitEngine } from './kitEngine.ts';

const setup = JSON.parse(process.argv[2] ?? '{}') as {
  readonly folder: string;
  readonly keyFile: string;
  readonly url: string;
  readonly slowRetryMs: number;
  readonly lifeMs: number;
};
systemClock.schedule(setup.lifeMs, () => process.exit(9));

const engine = kitEngine({
  store: openStore({ folder: setup.folder, key: keyFile(setup.keyFile) }),
  clock: systemClock,
  random: systemRandom,
  run: httpHandler({ baseUrl: setup.url }),
  slowRetryMs: setup.slowRetryMs,
});
const crises = new Map<string, CrisisAnswer>();

createInterface({ input: process.stdin }).on('line', (line) => {
  const { call, method, args } = JSON.parse(line) as {
    readonly call: number;
    readonly method: string;
    readonly args: readonly unknown[];
  };
  answer(method, args).then(
    (value) => {
      say({ call, value: value ?? null });
    },
    (error: unknown) => {
      say({ call, error: toPlainError(error) });
    },
  );
});
engine.begin();
engine.ready.then(
  () => {
    say({ call: 0, value: null });
  },
  (error: unknown) => {
    say({ call: 0, error: toPlainError(error) });
  },
);

async function answer(method: string, args: readonly unknown[]): Promise<unknown> {
  switch (method) {
    case 'outcome':
      return plainOutcome(await engine.outcome(String(args[0])));
    case 'crisis': {
      const given = await engine.crisis(args[0]);
      crises.set(given.operationId ?? '', given);
      return { ...given, durable: null, delivery: null };
    }
    case 'crisis.durable':
      return await crises.get(String(args[0]))?.durable;
    case 'crisis.delivery': {
      const outcome = await crises.get(String(args[0]))?.delivery;
      return outcome && plainOutcome(outcome);
    }
    default: {
      const [group, name] = method.includes('.')
        ? [engine.deadLetters, method.split('.')[1] ?? '']
        : [engine, method];
      const called = Reflect.get(group, name) as (...given: readonly unknown[]) => unknown;
      return await called.apply(group, [...args]);
    }
  }
}

function plainOutcome(outcome: Outcome): object {
  return outcome.status === 'completed'
    ? outcome
    : { ...outcome, error: toPlainError(outcome.error) };
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
