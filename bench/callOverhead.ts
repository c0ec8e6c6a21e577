/**
 * What one guarded call costs over the bare call, beside cockatiel and opossum with p-retry: each guards
 * an async function that is done at once, with retries, a breaker and a time-out.
 *
 * Short rounds of the bare call and of one system alternate. A round is measured by the time that the
 * process was on a processor, its threads for garbage included: what others take of a busy machine is no
 * cost of a call. What they do to its caches is, so the cost is told of the quiet rounds: the quarter in
 * which the bare call, of which no system knows, was quickest. Beside it stand all rounds, and the wall clock.
 *
 * @module
 */

import { createRuntime } from '../src/createRuntime.ts';
import { peer } from './goodput/peers/install.ts';
import { median, printTable } from './support.ts';

const CALLS = 4_000;
const ROUNDS = 200;
const WARM_UP_ROUNDS = 40;
/** Rounds are quiet where the bare call was as quick as in this share of them. */
const QUIET_SHARE = 0.25;
const TIMEOUT_MS = 10_000;

interface System {
  readonly name: string;
  /** Makes one call and reads its signal, or not. */
  readonly call: () => Promise<unknown>;
}

/** Nanoseconds a call. */
interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

/** The bare call, and a system right before or after it. */
interface Pair {
  readonly bare: Cost;
  readonly system: Cost;
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

async function holdfast(): Promise<readonly [System[], () => Promise<void>]> {
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

async function cockatiel(): Promise<System[]> {
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

async function opossum(): Promise<System[]> {
  const { default: CircuitBreaker } = await peer<Opossum>('opossum');
  const { default: pRetry } = await peer<PRetry>('p-retry');
  const breaker = new CircuitBreaker(done, { timeout: TIMEOUT_MS, capacity: 128 });
  const fire = (): Promise<number> => breaker.fire();
  return [{ name: 'opossum with p-retry', call: () => pRetry(fire, { retries: 4 }) }];
}

async function round({ call }: System): Promise<Cost> {
  const cpuUs = process.cpuUsage();
  const start = process.hrtime.bigint();
  for (let each = 0; each < CALLS; each++) await call();
  const wall = Number(process.hrtime.bigint() - start) / CALLS;
  const { user, system } = process.cpuUsage(cpuUs);
  return { cpu: ((user + system) * 1000) / CALLS, wall };
}

/** Who goes first changes, so that neither always pays for what the other leaves. */
async function pair(system: System, isBareFirst: boolean): Promise<Pair> {
  const first = await round(isBareFirst ? BARE : system);
  const second = await round(isBareFirst ? system : BARE);
  return isBareFirst ? { bare: first, system: second } : { bare: second, system: first };
}

function row({ name }: System, pairs: readonly Pair[]): Record<string, string | number> {
  const over = (clock: keyof Cost, of: readonly Pair[]): number[] =>
    of.map(({ bare, system }) => system[clock] - bare[clock]);
  const quietest = pairs.toSorted((one, other) => one.bare.cpu - other.bare.cpu);
  const quiet = quietest.slice(0, Math.ceil(QUIET_SHARE * pairs.length));
  return {
    system: name,
    'bare, quiet': Math.round(median(quiet.map(({ bare }) => bare.cpu))),
    'over bare, quiet': Math.round(median(over('cpu', quiet))),
    'over bare, all': Math.round(median(over('cpu', pairs))),
    least: Math.round(Math.min(...over('cpu', quiet))),
    'wall clock, all': Math.round(median(over('wall', pairs))),
  };
}

const BARE: System = { name: 'bare call', call: done };
const [own, close] = await holdfast();
const peers = process.argv.includes('--alone')
  ? []
  : [...(await cockatiel()), ...(await opossum())];
const rows: Record<string, string | number>[] = [];
for (const system of [...own, ...peers]) {
  const pairs: Pair[] = [];
  for (let each = -WARM_UP_ROUNDS; each < ROUNDS; each++) {
    const measured = await pair(system, each % 2 === 0);
    if (each >= 0) pairs.push(measured);
  }
  rows.push(row(system, pairs));
}
await close();

printTable(
  `${CALLS} calls a round, ${ROUNDS} rounds, nanoseconds a call, node ${process.version}; ${read > 0 ? 'signals were read' : ''}`,
  rows,
);
