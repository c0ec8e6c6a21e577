/**
 * Runs an app's own handlers and entities through simulated days, under the checks that holdfast itself is held to
 * (SM-4).
 *
 * @module
 */

import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { checkFields, type OptionRules } from '../../machines/vocabulary/optionFields.ts';
import { OWN_VERSION } from '../../persistence/files/packagedFile.ts';
import { drawAppPlan } from '../simulator/drawPlan.ts';
import { failureText, readFailure } from '../simulator/report/failureFile.ts';
import type {
  AppOptions,
  ServedAnswer,
  ServedRequest,
  SimulatedWorld,
} from '../simulator/scene/app.ts';
import type { Plan } from '../simulator/scene/plan.ts';
import { upstreamsOf } from '../simulator/simulatedApp.ts';
import { runPlan } from '../simulator/simulation.ts';
import type { SeededRandom } from '../virtual/seededRandom.ts';

/** Options of {@link simulate}: what it runs, and for how long. */
export interface SimulateOptions {
  /**
   * Returns the options of the app's runtime. Called for each process that starts; what it makes must be new, since
   * several devices and processes run beside each other.
   */
  readonly app: (world: SimulatedWorld) => AppOptions;
  /**
   * Draws a request that a person makes. `number` is another for each; the same `random` has to give the same request.
   * Without an `idempotencyKey` it gets one.
   */
  readonly request: (random: SeededRandom, number: number) => SyncRequest;
  /**
   * What upstreams answer, by name. A function is called once for each idempotency key that it answers with 2xx; a
   * repeated key gets that answer again. An upstream that is left out takes `POST` under keys and keeps what is `PUT`
   * as records with `ETag`s.
   */
  readonly serve?: Readonly<Record<string, (request: ServedRequest) => ServedAnswer>>;
  /** The first seed. Default 1. */
  readonly seed?: number;
  /** How many runs, each of the next seed. Default 1. */
  readonly runs?: number;
  /** Virtual hours of each run. Default 24, in which there are some 1,000 requests. */
  readonly hours?: number;
  /** The `file` of an earlier failure: that run is made again, and no other. */
  readonly again?: string;
}

/** A run in which a promise was broken. */
export interface SimulationFailure {
  readonly seed: number;
  /** Promises broken, as `what: details`. */
  readonly breaches: readonly string[];
  /** History, a line for each thing that happened, with the day and time. */
  readonly history: readonly string[];
  /** The text of a file that says all of it, for {@link SimulateOptions.again}. */
  readonly file: string;
}

/** Result of {@link simulate}. */
export interface SimulateReport {
  readonly runs: number;
  /** Empty where every promise was kept. */
  readonly failures: readonly SimulationFailure[];
  /** How often each thing was seen, such as faults of upstreams: what was never seen was not tested. */
  readonly seen: Readonly<Record<string, number>>;
}

const RULES: OptionRules<SimulateOptions> = {
  app: { required: 'function' },
  request: { required: 'function' },
  serve: 'object',
  seed: { min: 0, max: 999_999_999, whole: true },
  runs: { min: 1, max: 1_000_000, whole: true },
  hours: { min: 1, max: 10_000, whole: true },
  again: 'text',
};

/**
 * Runs an app through drawn days on virtual time: two devices, their disks, the network between, upstreams that fail
 * in every way, people who cancel, retry and decide, kills and restarts. Then everything is healed, and each promise
 * is looked at: nothing accepted is lost, no effect is doubled, all ends in time, and what is shown is so.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` naming the option.
 * @example
 * const { failures } = await simulate({
 *   app: ({ httpHandler, urlOf }) => ({
 *     upstreams: { shop: {} },
 *     handlers: {
 *       'orders.push': { upstream: 'shop', run: httpHandler({ baseUrl: urlOf('shop') }) },
 *     },
 *   }),
 *   request: (random, number) => ({
 *     type: 'orders.push',
 *     subject: `user-${random.below(5)}`,
 *     tier: 'basic',
 *     payload: { number },
 *   }),
 *   hours: 2,
 * });
 * for (const { seed, breaches } of failures) console.log(seed, breaches);
 */
export async function simulate(options: SimulateOptions): Promise<SimulateReport> {
  checkFields(options, RULES, '');
  const { seed = 1, runs = 1, hours = 24, again, serve = {}, ...app } = options;
  const simulated = { options: app.app, request: app.request, serve };
  const version = OWN_VERSION ?? 'sources';
  const upstreams = upstreamsOf(simulated);
  const plans =
    again === undefined
      ? Array.from({ length: runs }, (_, at) => drawAppPlan(seed + at, hours, version, upstreams))
      : [readFailure(again, 'again').plan];
  const failures: SimulationFailure[] = [];
  const seen: Record<string, number> = {};
  for (const plan of plans) {
    const result = await runPlan(plan, undefined, null, simulated);
    for (const [what, times] of result.seen) seen[what] = (seen[what] ?? 0) + times;
    if (result.breaches.length > 0) failures.push(failureOf(plan, result));
  }
  return { runs: plans.length, failures, seen };
}

function failureOf(
  plan: Plan,
  { breaches, history }: Pick<SimulationFailure, 'breaches' | 'history'>,
): SimulationFailure {
  return { seed: plan.seed, breaches, history, file: failureText({ plan, breaches, history }) };
}
