/**
 * The crisis path (CR-1 to CR-4): it answers from memory at once, then delivers and writes behind
 * the answer. Nothing in it waits for a disk, a lock, a breaker, a lane or the start-up.
 *
 * The delivery begins in the job behind the answer: its promise has resolved by then, and whatever the app does with
 * it, blocking included, comes after. Where many ask in one turn, those behind the first begin in the turns that
 * follow, in slices, so that each answer waits for answers alone.
 *
 * @module
 */

import { CRISIS_ANSWER_MS_MAX } from '../../machines/policy/crisis/crisisBounds.ts';
import type { CrisisModeFor } from '../../machines/policy/crisis/crisisMode.ts';
import {
  type CrisisRules,
  completeCrisis,
  fieldOfCrisis,
  readCrisis,
  type SoundCrisis,
} from '../../machines/policy/crisis/crisisRequest.ts';
import {
  type AnsweredResource,
  type CrisisResources,
  countryOf,
} from '../../machines/policy/crisis/crisisResources.ts';
import type { CrisisMessage, CrisisMessages } from '../../machines/policy/crisis/crisisWords.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError, unforeseen } from '../../machines/vocabulary/errors.ts';
import type { Pieces } from '../../machines/vocabulary/pieces.ts';
import { subjectOf } from '../../machines/vocabulary/subject.ts';
import type { OutsideCrisis } from '../../persistence/port/writes.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Outcome } from '../operation/outcome.ts';
import { operationId } from '../platform/operationId.ts';
import { Slices } from '../platform/slices.ts';
import type { OperationPool } from '../work/operationPool.ts';
import type { CrisisModes } from './crisisModes.ts';
import type { FoundPlan, PlanStatus, PlansAtHand } from './plansAtHand.ts';
import { type UnkeptDeliveries, unkeptAfterStop } from './unkeptDeliveries.ts';

/** What `crisis()` resolves to. The promises in it never hold up the answer. */
export interface CrisisAnswer {
  /** `upstream` only where `localAfterMs` gave the upstream time and it used it. */
  readonly source: 'local' | 'upstream';
  /**
   * The subject's own plan, then what the app has configured, then what comes with holdfast, which is
   * never left out; each says where it is `from`. Of the last two those of the request's region come
   * first, then those that serve everywhere.
   */
  readonly resources: readonly AnsweredResource[];
  /** Words for the person on what has happened to the message so far: show them above the resources. */
  readonly message: CrisisMessage;
  /** Whether the subject's own plan is among them, or why not. */
  readonly plan: PlanStatus;
  /** Whether a person has put the subject, or everybody, into crisis mode (CR-6). */
  readonly crisisMode: CrisisModeFor;
  /** From the call to the answer, in milliseconds. */
  readonly elapsedMs: number;
  /** `null` when it was not taken, which `delivery` explains: it is answered all the same. */
  readonly operationId: string | null;
  /** Resolves once the crisis is on disk. Never holds up the answer; repeated until it works. */
  readonly durable: Promise<void>;
  /** How the delivery to the upstream ended. It goes on until it succeeds. */
  readonly delivery: Promise<Outcome>;
}

const NO_SUBJECT: FoundPlan = { status: 'noSubject', resources: [] };
/** Crises of other processes whose ids are remembered. */
const REMEMBERED_MAX = 50_000;

export interface CrisisResponderParts {
  readonly pool: OperationPool;
  /** Whether the pool can still write what it is given: false once the runtime has stopped. */
  readonly canKeep: () => boolean;
  /** Delivers what can't be kept any more. */
  readonly unkept: UnkeptDeliveries;
  readonly clock: Clock;
  readonly random: Random;
  readonly rules: CrisisRules;
  /** The largest payload, in bytes of JSON. */
  readonly payloadBytesMax: number;
  readonly facts: Facts;
  readonly resources: CrisisResources;
  readonly messages: CrisisMessages;
  readonly plans: PlansAtHand;
  readonly modes: Pick<CrisisModes, 'of'>;
  /** How long the upstream may take to answer first, in milliseconds; 0 to answer at once. */
  readonly localAfterMs: number;
}

type Begun = Pick<CrisisAnswer, 'operationId' | 'durable' | 'delivery'> & {
  /** False where its payload is read after the answer, or there was nothing to take. */
  readonly isTaken: boolean;
};

interface Promised<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: HoldfastError) => void;
}

interface Promises {
  readonly durable: Promised<undefined>;
  readonly delivery: Promised<Outcome>;
}

export class CrisisResponder {
  readonly #parts: CrisisResponderParts;
  /**
   * Crises that other processes were told an id of, the oldest first: what comes again under one, by another
   * way, is the same crisis.
   */
  readonly #known = new Map<string, Begun>();
  /** Answered, and not begun yet. */
  readonly #answered = new Map<string, () => void>();

  constructor(parts: CrisisResponderParts) {
    this.#parts = parts;
  }

  /**
   * Answers. Never rejects and never throws: what is wrong with the request is told
   * beside the answer, and what is sound in it is delivered.
   *
   * @param id of its operation, where somebody has been told one already; what is known under it is not begun
   * again
   */
  async answer(request: unknown, id?: string): Promise<CrisisAnswer> {
    const { clock, random, facts, resources, messages, plans, modes, localAfterMs } = this.#parts;
    const startedAtMs = clock.monotonic();
    // Before the crisis is written: behind that it would wait for the sync.
    const subject = subjectOf(fieldOfCrisis(request, 'subject'));
    const asked = subject === null ? NO_SUBJECT : plans.find(subject);
    const { isTaken, ...begun } =
      id === undefined
        ? this.#begin(request, operationId(clock.now(), random))
        : this.#beginOnce(request, id);
    // Whatever is still to be read would hold up the timer that ends the wait.
    const isDelivered =
      localAfterMs > 0 && isTaken && (await this.#within(begun.delivery, localAfterMs));
    const plan = asked instanceof Promise ? await asked : asked;
    if (plan.status === 'notReadInTime') facts.emit('crisis.planLate', begun.operationId);
    const elapsedMs = clock.monotonic() - startedAtMs;
    if (elapsedMs > CRISIS_ANSWER_MS_MAX)
      facts.emit('crisis.answeredLate', begun.operationId, elapsedMs);
    const region = fieldOfCrisis(request, 'region');
    const state = isDelivered ? 'taken' : begun.operationId === null ? 'notTaken' : 'notReached';
    return {
      source: isDelivered ? 'upstream' : 'local',
      resources: resources.after(plan.resources, countryOf(region)),
      message: messages.of(state, fieldOfCrisis(request, 'locale'), region),
      plan: plan.status,
      crisisMode: modes.of(subject),
      elapsedMs,
      ...begun,
    };
  }

  /** Somebody asks for the operation of this id: if it is that of a crisis that was answered, it begins now. */
  beginNow(id: string): void {
    this.#answered.get(id)?.();
  }

  /**
   * Delivers what another thread has answered and had kept, and nobody has accepted since: an earlier
   * process was blocked until it was killed (CR-4).
   */
  takeUp(crises: readonly OutsideCrisis[]): void {
    const { facts } = this.#parts;
    const left = crises.filter(({ id }) => !this.#known.has(id));
    const { asked } = Slices.of(this.#parts.clock);
    for (const crisis of left) {
      const { id } = crisis;
      const durable = promised<undefined>();
      const delivery = promised<Outcome>();
      this.#remember(id, {
        ...{ operationId: id, isTaken: true },
        ...{ durable: durable.promise, delivery: delivery.promise },
      });
      asked.do(() => {
        this.#takeUpOne(crisis, { durable, delivery });
      });
    }
    if (left.length > 0) facts.emit('failure.noted', takenUp(left.length));
  }

  #takeUpOne({ id, request }: OutsideCrisis, promises: Promises): void {
    const { rules } = this.#parts;
    try {
      const checked = JSON.parse(request) as CheckedRequest;
      // As of one that comes now: what nobody handles would wait for a handler that may never come.
      const isHandled = rules.hasHandler(checked.type) || !rules.hasHandler(rules.type);
      const type = isHandled ? checked.type : rules.type;
      this.#deliver(id, { ...checked, type }, promises);
    } catch (error) {
      this.#refuse(error, promises);
    }
  }

  #refuse(error: unknown, { durable, delivery }: Promises): void {
    const cause = refusalOf(error);
    this.#parts.facts.emit('crisis.refused', cause);
    durable.reject(cause);
    delivery.reject(cause);
  }

  #beginOnce(request: unknown, id: string): Begun {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const { pool } = this.#parts;
    // Recovery has brought it back from disk already.
    const isRecovered = pool.resident(id) !== undefined;
    const begun = isRecovered
      ? {
          ...{ operationId: id, isTaken: true, durable: Promise.resolve() },
          delivery: ignorable(pool.watchers.outcome(id)),
        }
      : this.#begin(request, id);
    this.#remember(id, begun);
    return begun;
  }

  #remember(id: string, begun: Begun): void {
    this.#known.set(id, begun);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest);
    void Promise.allSettled([begun.durable, begun.delivery]).then(([durable, delivery]) => {
      if (this.#known.get(id) !== begun) return;
      const isSafe = durable.status === 'fulfilled' || delivery.status === 'fulfilled';
      // Where nothing has come of it, a repeat begins it again.
      if (isSafe)
        this.#known.set(id, { ...begun, delivery: ignorable(withoutResponse(begun.delivery)) });
      else this.#known.delete(id);
    });
  }

  #begin(request: unknown, id: string): Begun {
    const { rules, payloadBytesMax } = this.#parts;
    const promises = { durable: promised<undefined>(), delivery: promised<Outcome>() };
    const { durable, delivery } = promises;
    const begun = { operationId: id, durable: durable.promise, delivery: delivery.promise };
    try {
      const pieces = completeCrisis(readCrisis(request, rules), rules, payloadBytesMax);
      const first = pieces.next();
      if (first.done === true) this.#beginBehind(id, first.value, promises);
      else void this.#takeInPieces(id, pieces, promises);
      return { ...begun, isTaken: first.done === true };
    } catch (error) {
      this.#refuse(error, promises);
      return { ...begun, operationId: null, isTaken: false };
    }
  }

  /** Begins its delivery in the job behind its answer. */
  #beginBehind(id: string, { request, leftOut }: SoundCrisis, promises: Promises): void {
    const { pool, clock } = this.#parts;
    this.#noteMended(id, leftOut);
    // An orderly stop waits for it.
    pool.busy.begin();
    const begin = (): void => {
      if (!this.#answered.delete(id)) return;
      try {
        this.#deliver(id, request, promises);
      } catch (error) {
        this.#refuse(error, promises);
      } finally {
        pool.busy.end();
      }
    };
    this.#answered.set(id, begin);
    queueMicrotask(() => {
      Slices.of(clock).asked.do(begin);
    });
  }

  /** What is large is read after the answer, and others are answered between two pieces of it (CR-1). */
  async #takeInPieces(id: string, pieces: Pieces<SoundCrisis>, promises: Promises): Promise<void> {
    const { clock, pool } = this.#parts;
    pool.busy.begin();
    try {
      const { request, leftOut } = await Slices.of(clock).pieces(pieces);
      this.#noteMended(id, leftOut);
      this.#deliver(id, request, promises);
    } catch (error) {
      this.#refuse(error, promises);
    } finally {
      pool.busy.end();
    }
  }

  #noteMended(id: string, leftOut: readonly string[]): void {
    if (leftOut.length > 0) this.#parts.facts.emit('crisis.mended', id, leftOut);
  }

  #deliver(id: string, request: CheckedRequest, { durable, delivery }: Promises): void {
    const { pool, canKeep, unkept, facts } = this.#parts;
    if (!canKeep()) {
      durable.reject(unkeptAfterStop());
      facts.emit('crisis.unkept', id);
      unkept.deliver(id, request).then(delivery.resolve, (error: unknown) => {
        const cause = refusalOf(error);
        facts.emit('crisis.refused', cause);
        delivery.reject(cause);
      });
      return;
    }
    const { resolve, reject } = durable;
    const told = {
      resolve: () => {
        resolve(undefined);
      },
      reject,
    };
    pool.start(request, told, undefined, id);
    pool.watchers.outcome(id).then(delivery.resolve, delivery.reject);
  }

  async #within(delivery: Promise<Outcome>, ms: number): Promise<boolean> {
    return await new Promise<boolean>((resolve) => {
      const cancel = this.#parts.clock.schedule(ms, () => {
        resolve(false);
      });
      delivery.then(
        (outcome) => {
          cancel();
          resolve(outcome.status === 'completed');
        },
        () => {
          cancel();
          resolve(false);
        },
      );
    });
  }
}

function ignorable<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** What is remembered of a delivery takes little, whatever its upstream has answered. */
async function withoutResponse(delivery: Promise<Outcome>): Promise<Outcome> {
  const outcome = await delivery;
  return outcome.status === 'completed' ? { ...outcome, response: undefined } : outcome;
}

/** A promise whose rejection may be ignored without ending the process. */
function promised<T>(): Promised<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: HoldfastError) => void = () => undefined;
  const promise = new Promise<T>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function takenUp(count: number): HoldfastError {
  return new HoldfastError(
    'HF_ALERT',
    `Alert: ${count} crises of outside callers were answered by the last process and never taken by it: its event loop was blocked until it ended. They are delivered now.`,
    { withStack: false },
  );
}

function refusalOf(error: unknown): HoldfastError {
  return isHoldfastError(error) ? error : unforeseen('The crisis could not be started', error);
}
