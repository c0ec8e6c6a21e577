/**
 * A machine for tests: a virtual clock, seeded randomness, and a store in memory that outlives its runtimes, so that
 * restarts and kills can be tested in milliseconds.
 *
 * @module
 */

import type { Handler } from '../../actors/port.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import { assembleRuntime } from '../createRuntime.ts';
import {
  checkOptions,
  type NoUpstreams,
  type RuntimeOptions,
  type TypedParts,
  type UpstreamOptions,
} from '../options.ts';
import type { Runtime } from '../runtime.ts';
import type { AnyTypes, OperationTypes, TypesOf, UpstreamOf } from '../typed/operationTypes.ts';
import { mortalClock, mortalHandler, mortalStore, newLife } from '../virtual/life.ts';
import { type SeededRandom, seededRandom } from '../virtual/seededRandom.ts';
import { VirtualClock } from '../virtual/virtualClock.ts';

/** A runtime on a {@link TestBed}. */
export interface TestProcess<
  Types extends OperationTypes = AnyTypes,
  Upstream extends string = AnyTypes,
> {
  readonly runtime: Runtime<Types, Upstream>;
  /**
   * Kills the runtime as SIGKILL does: nothing of it acts any more, its callers get no answer, and nothing is closed.
   * What its handlers have sent stays sent.
   */
  readonly kill: () => void;
}

export interface TestBed {
  readonly clock: VirtualClock;
  /** Random numbers for the test itself. */
  readonly random: SeededRandom;
  /**
   * Starts a runtime on the store, at once, with types from its handlers, as `createRuntime` does. The one before
   * must be closed or killed.
   *
   * @throws HoldfastError `HF_OPTION_INVALID` as `createRuntime` does, and where another runtime still
   *   has the store.
   */
  readonly start: <
    const Handlers extends Readonly<Record<string, Handler>> = Readonly<Record<string, Handler>>,
    const Upstreams extends Readonly<Record<string, UpstreamOptions>> = NoUpstreams,
  >(
    options?: TestOptions<Handlers, Upstreams>,
  ) => TestProcess<TypesOf<Handlers>, UpstreamOf<Upstreams>>;
}

/** Options of a runtime, without those that the test bed sets. */
export type TestOptions<
  Handlers = Readonly<Record<string, Handler>>,
  Upstreams = Readonly<Record<string, UpstreamOptions>>,
> = Omit<RuntimeOptions, 'store' | 'key' | 'clock' | 'handlers' | 'upstreams'> &
  TypedParts<Handlers, Upstreams>;

/**
 * Makes a machine with a clock and a store of its own.
 *
 * @param given `seed` decides over all chance, also over the runtime's ids and jitter. Default 1.
 * @example
 * const bed = createTestBed({ seed: 7 });
 * const first = bed.start({ upstreams, handlers });
 * const { id } = await bed.clock.run(first.runtime.sync(request));
 * first.kill();
 * const second = bed.start({ upstreams, handlers });
 * const { status } = await bed.clock.run(second.runtime.operations.get(id).outcome);
 */
export function createTestBed({ seed = 1 }: { readonly seed?: number } = {}): TestBed {
  const clock = new VirtualClock();
  const store = createMemoryStore();
  let starts = 0;
  let isTaken = (): boolean => false;
  return {
    clock,
    random: seededRandom(seed),
    start(options: TestOptions = {}) {
      if (isTaken()) {
        throw new HoldfastError(
          'HF_OPTION_INVALID',
          'The runtime that was started before still has the store. Close it (await clock.run(runtime.close())) or kill it first.',
          { field: 'store' },
        );
      }
      // Checked as given: below, each handler gets a `run`, whether it has one or not.
      checkOptions({ ...options, store: ':memory:' });
      starts += 1;
      const life = newLife();
      const handlers = Object.entries(options.handlers ?? {}).map(
        ([type, handler]) => [type, mortalHandler(handler, life)] as const,
      );
      const checked = checkOptions({
        random: seededRandom(seed * 1_000 + starts),
        ...options,
        store: ':memory:',
        clock: mortalClock(clock, life),
        handlers: Object.fromEntries(handlers),
      });
      const runtime = assembleRuntime(checked, mortalStore(store, life));
      const number = starts;
      isTaken = () => !life.isDead() && runtime.getHealthStatus().phase !== 'stopped';
      const forget = clock.explain(() => unfinishedIn(runtime, number));
      return {
        runtime,
        kill: () => {
          life.end();
          forget();
        },
      };
    },
  };
}

/** Lists unfinished work of a runtime, for the message of a test that is stuck. */
function unfinishedIn(runtime: Runtime, number: number): string | null {
  const { phase, operations, waiting, upstreams, level } = runtime.getHealthStatus();
  if (phase === 'stopped') return null;
  const ended =
    operations.completed + operations.deadLettered + operations.cancelled + operations.expired;
  const troubles = [
    `${operations.accepted} accepted, ${ended} ended, ${operations.attemptsRunning} attempts running`,
    ...Object.entries(waiting)
      .filter(([, count]) => count > 0)
      .map(([reason, count]) => `${count} ${reason}`),
    ...Object.entries(upstreams)
      .filter(([, { breaker }]) => breaker !== 'closed')
      .map(([name, { breaker }]) => `the breaker of ${name} is ${breaker}`),
    ...(level === 'normal' ? [] : [`the level is ${level}`]),
  ];
  return `Runtime ${number} is ${phase}: ${troubles.join(', ')}.`;
}
