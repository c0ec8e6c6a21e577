/**
 * What one guarded call costs over the bare call, beside cockatiel and opossum with p-retry: each guards
 * an async function that is done at once, with retries, a breaker and a time-out.
 *
 * Rounds of the systems alternate in one process. Told are the median round and the quickest: the cost
 * is the quickest, the median is what a busy machine makes of it.
 *
 * @module
 */

import { createRuntime } from '../src/createRuntime.ts';
import { peer } from './goodput/peers/install.ts';

const CALLS = 100_000;
const ROUNDS = 15;
const WARM_UP_ROUNDS = 3;
const TIMEOUT_MS = 10_000;

interface System {
  readonly name: string;
  /** Makes one call and reads its signal, or not. */
  readonly call: () => Promise<unknown>;
  /** Nanoseconds a call, by round. */
  readonly roundsNs: number[];
}

interface Cockatiel {
  readonly retry: (what: unknown, how: object) => unknown;
  readonly circuitBreaker: (what: unknown, how: object) => unknown;
  readonly timeout: (ms: number, how: string) => unknown;
  readonly bulkhead: (slots: number, waiting: number) => unknown;
  readonly wrap: (...policies: unknown[]) => {
    execute(run: (context: { readonly signal: AbortSignal }) => Promise<number>): Promise<number>;
  };
  readonly handleAll: unknown;
  readonly ExponentialBackoff: new () => unknown;
  readonly ConsecutiveBreaker: new (failures: number) => unknown;
  readonly TimeoutStrategy: { readonly Aggressive: string };
}

interface Opossum {
  readonly default: new (run: () => Promise<number>, how: object) => { fire(): Promise<number> };
}

interface PRetry {
  readonly default: (run: () => Promise<number>, how: object) => Promise<number>;
}

let read = 0;
const done = async (): Promise<number> => 1;
const readingSignal = async ({ signal }: { readonly signal: AbortSignal }): Promise<number> => {
  if (!signal.aborted) read += 1;
  return await done();
};

async function holdfast(): Promise<readonly [Omit<System, 'roundsNs'>[], () => Promise<void>]> {
  const runtime = createRuntime({ store: ':memory:', upstreams: { payments: {} } });
  await runtime.ready;
  return [
    [
      { name: 'runtime.call', call: () => runtime.call('payments', done) },
      { name: 'runtime.call, signal read', call: () => runtime.call('payments', readingSignal) },
    ],
    () => runtime.close(),
  ];
}

async function cockatiel(): Promise<Omit<System, 'roundsNs'>[]> {
  const lib = await peer<Cockatiel>('cockatiel');
  const policy = lib.wrap(
    lib.retry(lib.handleAll, { maxAttempts: 4, backoff: new lib.ExponentialBackoff() }),
    lib.bulkhead(128, 1_000),
    lib.circuitBreaker(lib.handleAll, {
      halfOpenAfter: 10_000,
      breaker: new lib.ConsecutiveBreaker(5),
    }),
    lib.timeout(TIMEOUT_MS, lib.TimeoutStrategy.Aggressive),
  );
  return [
    { name: 'cockatiel', call: () => policy.execute(done) },
    { name: 'cockatiel, signal read', call: () => policy.execute(readingSignal) },
  ];
}

async function opossum(): Promise<Omit<System, 'roundsNs'>[]> {
  const { default: CircuitBreaker } = await peer<Opossum>('opossum');
  const { default: pRetry } = await peer<PRetry>('p-retry');
  const breaker = new CircuitBreaker(done, { timeout: TIMEOUT_MS, capacity: 128 });
  const fire = (): Promise<number> => breaker.fire();
  return [{ name: 'opossum with p-retry', call: () => pRetry(fire, { retries: 4 }) }];
}

async function round({ call, roundsNs }: System, isCounted: boolean): Promise<void> {
  const start = process.hrtime.bigint();
  for (let each = 0; each < CALLS; each++) await call();
  const ns = Number(process.hrtime.bigint() - start) / CALLS;
  if (isCounted) roundsNs.push(ns);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}

const [own, close] = await holdfast();
const peers = process.argv.includes('--alone')
  ? []
  : [...(await cockatiel()), ...(await opossum())];
const systems: readonly System[] = [{ name: 'bare call', call: done }, ...own, ...peers].map(
  (system) => ({ ...system, roundsNs: [] }),
);
for (let each = -WARM_UP_ROUNDS; each < ROUNDS; each++) {
  for (const system of systems) await round(system, each >= 0);
}
await close();

const bare = systems[0]?.roundsNs ?? [];
const rows = systems.map(({ name, roundsNs }) => ({
  name,
  'median ns': Math.round(median(roundsNs)),
  'least ns': Math.round(Math.min(...roundsNs)),
  'over bare, median ns': Math.round(median(roundsNs) - median(bare)),
  'over bare, least ns': Math.round(Math.min(...roundsNs) - Math.min(...bare)),
}));
process.stdout.write(
  `${CALLS} calls a round, ${ROUNDS} rounds, node ${process.version}; ${read > 0 ? 'signals were read' : ''}\n`,
);
console.table(rows);
