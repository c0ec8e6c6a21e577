/**
 * Crises of a client. Each is answered within a bound whatever the owner of the store does, and kept in memory until
 * an owner has it on disk (CR-1, CR-4).
 *
 * It goes two ways under one id: to the thread by which the owner answers outside callers, where that is on,
 * since an event loop that is blocked does not hold it up; and to the owner itself, over as many owners as it
 * takes. An owner takes what comes under one id once.
 *
 * @module
 */

import { inPieces, inTime } from '../../actors/platform/inPieces.ts';
import { operationId } from '../../actors/platform/operationId.ts';
import type { CrisisAnswer, Outcome } from '../../actors/port.ts';
import { fieldOfCrisis } from '../../machines/policy/crisis/crisisRequest.ts';
import { type CrisisResources, countryOf } from '../../machines/policy/crisis/crisisResources.ts';
import type { CrisisMessages } from '../../machines/policy/crisis/crisisWords.ts';
import { type SoundJson, soundJsonInPieces } from '../../machines/policy/crisis/soundJson.ts';
import { PAYLOAD_BYTES_MAX } from '../../machines/policy/request/requestBody.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError, reviveError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { subjectOf } from '../../machines/vocabulary/subject.ts';
import { requestAt, textOf } from '../control/socketRequest.ts';
import {
  type CrisisKept,
  type CrisisTold,
  isCrisisTold,
  type PlainOutcome,
} from './lineProtocol.ts';
import type { OwnerLink } from './ownerLink.ts';

/** The time-out. It is longer than an answer waits, since the thread keeps the crisis all the same. */
const WITHIN_MS = 5_000;
/** Room for a plan, the help lines, and the resources of the app. */
const ANSWER_BYTES_MAX = 4 * 1_048_576;

/** The answer of the thread; `null` where nobody listens, another user may listen, or the answer is not holdfast's. */
async function askOutside(
  socketPath: string,
  id: string,
  crisis: Json,
): Promise<CrisisTold | null> {
  const body = JSON.stringify(crisis);
  try {
    const request = requestAt({
      socketPath,
      method: 'POST',
      path: `/crisis?operationId=${id}`,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    if (request === null) return null;
    const said = await new Promise<string | null>((resolve, reject) => {
      request.setTimeout(WITHIN_MS, () => {
        request.destroy();
      });
      request.on('error', reject);
      request.on('response', (response) => {
        textOf(response, ANSWER_BYTES_MAX).then(resolve, reject);
      });
      request.end(body);
    });
    const answer: unknown = said === null ? null : JSON.parse(said);
    return isCrisisTold(answer) ? answer : null;
  } catch {
    return null;
  }
}

/** How long the answer waits for what the owner knows: a plan, a crisis mode, resources of its own. */
const TOLD_WITHIN_MS = 100;
/** The bound on crises that wait for an owner (OP-6). */
const WAITING_MAX = 10_000;
const WAITING_BYTES_MAX = 64 * 1_048_576;
/** The shortest and longest pause before an owner that refused a crisis is asked again. */
const AGAIN_MS_MIN = 250;
const AGAIN_MS_MAX = 30_000;

export interface ClientCrisesParts {
  readonly link: OwnerLink;
  readonly clock: Clock;
  readonly random: Random;
  /** The resources that are shown where no owner answers in time. */
  readonly resources: CrisisResources;
  readonly messages: CrisisMessages;
  /** The socket on which the owner answers outside callers, as far as is known; `null` where it does not. */
  readonly outsideSocket: () => string | null;
}

type Promises = Pick<CrisisAnswer, 'durable' | 'delivery'>;

export class ClientCrises {
  readonly #parts: ClientCrisesParts;
  /** The sizes of crises that no owner has on disk, by id. */
  readonly #waiting = new Map<string, number>();
  #bytes = 0;

  constructor(parts: ClientCrisesParts) {
    this.#parts = parts;
  }

  /** How many crises no owner has on disk, as far as is known. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Answers a crisis. Never rejects. */
  async answer(given: unknown): Promise<CrisisAnswer> {
    const { clock, random, resources, messages } = this.#parts;
    const startedAtMs = clock.monotonic();
    const id = operationId(clock.now(), random);
    const pieces = soundJsonInPieces(given, 'request', {
      bytesMax: PAYLOAD_BYTES_MAX,
      // The owner masks card data, since only it knows what is exempt.
      isExempt: null,
    });
    const first = pieces.next();
    // A large request is parsed while the answer is on its way.
    const request =
      first.done === true ? jsonOf(first.value) : inPieces(clock, pieces).then(jsonOf);
    let tell = (_told: CrisisTold): void => undefined;
    const asked = new Promise<CrisisTold>((resolve) => {
      tell = resolve;
    });
    const isRead = !(request instanceof Promise);
    const promises = isRead
      ? this.#hand(id, request, tell)
      : laterOf(request.then((whole) => this.#hand(id, whole, tell) ?? notTaken()));
    const thread = isRead
      ? this.#askThread(id, request)
      : request.then(async (whole) => await this.#askThread(id, whole));
    const told = await this.#firstOf(asked, thread);
    const elapsedMs = clock.monotonic() - startedAtMs;
    const subject = subjectOf(fieldOfCrisis(given, 'subject'));
    const unheard = this.#parts.link.seat === null ? 'storeNotOpen' : 'notReadInTime';
    const region = fieldOfCrisis(given, 'region');
    const state = promises === null ? 'notTaken' : 'notReached';
    return {
      source: told?.source ?? 'local',
      resources: told?.resources ?? resources.after([], countryOf(region)),
      message: told?.message ?? messages.of(state, fieldOfCrisis(given, 'locale'), region),
      plan: told?.plan ?? (subject === null ? 'noSubject' : unheard),
      crisisMode: told?.crisisMode ?? 'none',
      elapsedMs,
      operationId: promises === null ? null : id,
      ...(promises ?? notTaken()),
    };
  }

  /** The first answer of an owner; `null` where none comes in time. */
  async #firstOf(
    asked: Promise<CrisisTold>,
    thread: Promise<CrisisTold | null>,
  ): Promise<CrisisTold | null> {
    const { clock, link } = this.#parts;
    // Without an owner there is nothing to wait for.
    const hasOwner = link.seat !== null;
    const first = new Promise<CrisisTold | null>((resolve) => {
      void asked.then(resolve);
      void thread.then((told) => {
        if (told !== null || !hasOwner) resolve(told);
      });
    });
    return (await inTime(clock, first, TOLD_WITHIN_MS))?.value ?? null;
  }

  async #askThread(id: string, request: Json): Promise<CrisisTold | null> {
    const socket = this.#parts.outsideSocket();
    return socket === null ? null : await askOutside(socket, id, request);
  }

  /** Hands the crisis to the present or the next owner; `null` where too many wait already. */
  #hand(id: string, request: Json, tell: (told: CrisisTold) => void): Promises | null {
    const bytes = JSON.stringify(request).length;
    if (this.#waiting.size >= WAITING_MAX || this.#bytes + bytes > WAITING_BYTES_MAX) return null;
    this.#waiting.set(id, bytes);
    this.#bytes += bytes;
    const kept = this.#keep(id, request, tell).finally(() => {
      this.#waiting.delete(id);
      this.#bytes -= bytes;
    });
    const durable = kept.then((how) => {
      if ('outcome' in how) throw notOnDisk();
    });
    const delivery = kept.then(async (how) => {
      return outcomeOf('outcome' in how ? how.outcome : await this.#outcome(id));
    });
    // An app that awaits neither promise must not crash when the client is closed.
    durable.catch(() => undefined);
    delivery.catch(() => undefined);
    return { durable, delivery };
  }

  /** Resolves once an owner has the crisis on disk, or has delivered it. */
  async #keep(id: string, request: Json, tell: (told: CrisisTold) => void): Promise<CrisisKept> {
    return await this.#again(
      async (isAgain) => {
        const params = (wasAsked: boolean) => ({ id, request, isRepeat: wasAsked || isAgain });
        const told = (value: CrisisTold): void => {
          if (isCrisisTold(value)) tell(value);
        };
        const how = { patience: 'endless', told } as const;
        return await this.#parts.link.ask('crisis', params, how).answer;
      },
      () => true,
    );
  }

  async #outcome(id: string): Promise<PlainOutcome> {
    return await this.#again(
      async () => await this.#parts.link.ask('outcome', { id }, { patience: 'endless' }).answer,
      // Tried again, for example, while the disk of the owner hangs.
      (error) => isHoldfastError(error) && error.retry !== 'never',
    );
  }

  /** Repeats `work` while it fails in a way that may pass. */
  async #again<T>(
    go: (isAgain: boolean) => Promise<T>,
    mayPass: (error: unknown) => boolean,
  ): Promise<T> {
    const { link } = this.#parts;
    for (let waitMs = AGAIN_MS_MIN, isAgain = false; ; isAgain = true) {
      try {
        return await go(isAgain);
      } catch (error) {
        if (link.isClosed || !mayPass(error)) throw error;
      }
      await link.pause(waitMs);
      waitMs = Math.min(2 * waitMs, AGAIN_MS_MAX);
    }
  }
}

export function outcomeOf(plain: PlainOutcome): Outcome {
  return plain.status === 'completed' ? plain : { ...plain, error: reviveError(plain.error) };
}

function jsonOf({ text }: SoundJson): Json {
  return JSON.parse(text) as Json;
}

/** Promises that are not made yet. An app that awaits neither must not crash by a refusal. */
function laterOf(made: Promise<Promises>): Promises {
  const durable = made.then(async (promises) => {
    await promises.durable;
  });
  const delivery = made.then(async (promises) => await promises.delivery);
  durable.catch(() => undefined);
  delivery.catch(() => undefined);
  return { durable, delivery };
}

function notTaken(): Promises {
  const error = new HoldfastError(
    'HF_CRISIS_REFUSED',
    'This crisis was answered, and nothing else will come of it: as many as may wait here for an owner of the store already. See to it that a process owns the store.',
    { withStack: false },
  );
  const durable = Promise.reject(error);
  durable.catch(() => undefined);
  return { durable, delivery: durable };
}

function notOnDisk(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_HANGING',
    'The crisis is delivered, and its record is not on disk: the disk did not take it.',
    { withStack: false },
  );
}
