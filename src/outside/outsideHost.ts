/**
 * The main thread's side of crises of outside callers: starts the thread that answers them, takes what it hands over
 * as if the app had called `crisis()`, and starts it again when it ends.
 *
 * @module
 */

import type { Worker } from 'node:worker_threads';
import { inTime } from '../../actors/platform/inPieces.ts';
import type { CrisisAnswer, Engine, FoundPlan } from '../../actors/port.ts';
import { fieldOfCrisis } from '../../machines/policy/crisis/crisisRequest.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import {
  causeText,
  HoldfastError,
  reviveError,
  toPlainError,
} from '../../machines/vocabulary/errors.ts';
import { subjectOf } from '../../machines/vocabulary/subject.ts';
import { startThread, threadFile } from '../../persistence/files/packagedFile.ts';
import type {
  FromOutside,
  HandedOver,
  OutsideThreadData,
  ToOutside,
  Way,
} from './outsideMessages.ts';
import type { OutsideCaller } from './outsideOptions.ts';

const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 30_000;
/** How long the thread has to live for the next restart to be quick again. */
const SOUND_AFTER_MS = 60_000;
/** The time after which a thread that does not end by itself is terminated. */
const CLOSE_WITHIN_MS = 1_000;
/** The heap of the thread, for what a blocked main thread has not taken. Beyond it this thread alone ends. */
const HEAP_MB_MAX = 512;

/** How outside callers are being served. */
export interface OutsideState {
  /** The path of the socket; `null` where none is served. */
  readonly socketPath: string | null;
  /** The URL for HTTP; `null` where none is served. */
  readonly url: string | null;
  /** Crises handed in since the process started. */
  readonly taken: number;
  /** Crises among them that were answered while the event loop was blocked, as far as the thread has reported. */
  readonly answeredWhileBlocked: number;
  /** How often the thread ended unexpectedly and was started again. */
  readonly restarts: number;
  /** Why callers are not answered although they should be; `null` where they are. */
  readonly trouble: string | null;
}

export interface OutsideHostParts {
  readonly data: OutsideThreadData;
  readonly engine: Engine;
  readonly clock: Clock;
  /** How long the answer to a crisis took, in milliseconds. */
  readonly onAnswered: (elapsedMs: number) => void;
  readonly onError: (error: unknown) => void;
}

export class OutsideHost {
  readonly #parts: OutsideHostParts;
  readonly #addresses = new Map<Way, string>();
  readonly #troubles = new Map<Way, HoldfastError>();
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  /** Whether the thread has a line to the writer. */
  #hasLine = false;
  /** Why a crisis could not be kept, reported once for each reason. */
  #notKept: string | null = null;
  #startedAtMs = 0;
  #restartMs = RESTART_MS_MIN;
  #cancelRestart: () => void = () => undefined;
  #failure: unknown = null;
  #taken = 0;
  #answeredWhileBlocked = 0;
  #restarts = 0;
  #isClosed = false;

  constructor(parts: OutsideHostParts) {
    this.#parts = parts;
  }

  get state(): OutsideState {
    const [trouble] = this.#troubles.values();
    return {
      socketPath: this.#addresses.get('socket') ?? null,
      url: this.#addresses.get('http') ?? null,
      taken: this.#taken,
      answeredWhileBlocked: this.#answeredWhileBlocked,
      restarts: this.#restarts,
      trouble: trouble?.message ?? null,
    };
  }

  open(): void {
    try {
      this.#start();
    } catch (error) {
      // A bundler has left out the file of the thread: the runtime works without it.
      this.#troubles.set('socket', reviveError(toPlainError(error)));
      this.#parts.onError(error);
    }
  }

  /** Tells the thread which handlers are registered. */
  handlersChanged(): void {
    const types = [...this.#parts.engine.handlers].map(
      ([type, { cardDataExempt }]) => [type, cardDataExempt] as const,
    );
    this.#send({ kind: 'handlers', handlers: new Map(types) });
  }

  /** Ends the service; all answered crises are handed over by then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRestart();
    const worker = this.#worker;
    if (worker === null) return;
    worker.ref();
    this.#send({ kind: 'close' });
    const { clock } = this.#parts;
    if ((await inTime(clock, this.#ended, CLOSE_WITHIN_MS)) === null) await worker.terminate();
    await this.#ended;
  }

  #start(): void {
    const { clock, data } = this.#parts;
    this.#startedAtMs = clock.monotonic();
    const worker = startThread(threadFile(import.meta.url, 'outsideThread.js'), {
      workerData: data,
      name: 'holdfast outside callers',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    });
    this.#worker = worker;
    worker.on('message', (message: FromOutside) => {
      this.#receive(message);
    });
    worker.on('error', (error) => {
      this.#failure = error;
    });
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#worker = null;
        this.#addresses.clear();
        resolve();
        if (!this.#isClosed) this.#endedUnexpectedly();
      });
    });
    // A service for others must not keep a process alive that has nothing else to do.
    worker.unref();
    this.#hasLine = false;
    this.handlersChanged();
    // The first call has all plans, later ones each change.
    this.#parts.engine.watchPlans((plans) => {
      this.#send({ kind: 'plans', plans });
    });
  }

  #endedUnexpectedly(): void {
    const { clock, onError } = this.#parts;
    const error = threadEnded(this.#failure);
    this.#failure = null;
    this.#troubles.set('socket', error);
    onError(error);
    if (clock.monotonic() - this.#startedAtMs > SOUND_AFTER_MS) this.#restartMs = RESTART_MS_MIN;
    this.#cancelRestart = clock.schedule(this.#restartMs, () => {
      this.#restarts += 1;
      this.#troubles.clear();
      this.#start();
    });
    this.#restartMs = Math.min(2 * this.#restartMs, RESTART_MS_MAX);
  }

  #receive(message: FromOutside): void {
    switch (message.kind) {
      case 'crisis':
        this.#take(message);
        break;
      case 'ping':
        this.#send({ kind: 'pong' });
        if (!this.#hasLine) this.#giveLine();
        break;
      case 'lineLost':
        this.#hasLine = false;
        break;
      case 'notKept':
        if (this.#notKept !== message.error.message)
          this.#parts.onError(reviveError(message.error));
        this.#notKept = message.error.message;
        break;
      case 'manySubjects':
        this.#parts.engine.manySubjects(message.caller, message.subjects);
        break;
      case 'wasBlocked':
        this.#answeredWhileBlocked += message.answered;
        this.#parts.engine.loopWasBlocked(message.forMs);
        break;
      case 'listening':
        this.#troubles.delete(message.way);
        this.#addresses.set(message.way, message.address);
        break;
      case 'troubled':
        this.#troubled(message.way, reviveError(message.error));
        break;
    }
  }

  /** Gives the thread a line to the writer, once the store is open and whenever the writer was started again. */
  #giveLine(): void {
    const line = this.#parts.engine.spillLine();
    if (line === null) return;
    this.#hasLine = true;
    this.#worker?.postMessage({ kind: 'line', line } satisfies ToOutside, [line]);
  }

  #take({ id, request, wantsPlan, elapsedMs }: HandedOver): void {
    this.#taken += 1;
    this.#parts.onAnswered(elapsedMs);
    const answering = this.#parts.engine.crisis(request, id);
    this.#send({ kind: 'taken', id });
    void answering.then((answer) => {
      if (wantsPlan) this.#send({ kind: 'plan', id, plan: planIn(answer) });
      // The app is notified as for any crisis where it is not on disk, or will not be delivered.
      answer.durable
        .then(() => {
          this.#send({ kind: 'recorded', id });
        })
        .catch(() => undefined);
      answer.delivery
        .then(({ status }) => {
          if (status === 'completed') this.#send({ kind: 'delivered', id });
        })
        .catch(() => undefined);
    });
  }

  #troubled(way: Way, error: HoldfastError): void {
    const before = this.#troubles.get(way);
    this.#addresses.delete(way);
    this.#troubles.set(way, error);
    // The same failure comes again every few seconds.
    if (before?.message !== error.message) this.#parts.onError(error);
  }

  #send(message: ToOutside): void {
    this.#worker?.postMessage(message);
  }
}

/** The part of an answer that is the plan's. */
function planIn({ plan, resources }: CrisisAnswer): FoundPlan {
  return { status: plan, resources: resources.filter(({ from }) => from === 'plan') };
}

function threadEnded(failure: unknown): HoldfastError {
  const why = failure === null ? '' : ` (${causeText(failure)})`;
  return new HoldfastError(
    'HF_CRISIS_OUTSIDE',
    `The thread that serves crises to outside callers ended unexpectedly${why}. It is started again.`,
    { retry: 'later', cause: failure, withStack: false },
  );
}

// Notices a token that is used for many subjects in a row, as by a person who guesses them, to read plans or to call
// for help in their names. No request is refused for it (CR-2, CR-3).

/** The time in which subjects are counted together and reported at most once, in milliseconds. */
export const COUNTED_MS = 600_000;

interface Counted {
  readonly sinceMs: number;
  readonly subjects: Set<string>;
}

export class ManySubjects {
  readonly #clock: Clock;
  readonly #many: number;
  readonly #onMany: (caller: OutsideCaller, subjects: number) => void;
  readonly #counted = new Map<OutsideCaller, Counted>();

  /**
   * @param many so many are told of
   * @param onMany told once in ten minutes of each caller, and never of whom it asked for
   */
  constructor(parts: {
    readonly clock: Clock;
    readonly many: number;
    readonly onMany: (caller: OutsideCaller, subjects: number) => void;
  }) {
    this.#clock = parts.clock;
    this.#many = parts.many;
    this.#onMany = parts.onMany;
  }

  /** Counts the subject of a request. */
  note(caller: OutsideCaller, request: unknown): void {
    const subject = subjectOf(fieldOfCrisis(request, 'subject'));
    if (subject === null) return;
    const nowMs = this.#clock.monotonic();
    const before = this.#counted.get(caller);
    const isOver = before === undefined || nowMs - before.sinceMs >= COUNTED_MS;
    const counted = isOver ? { sinceMs: nowMs, subjects: new Set<string>() } : before;
    if (isOver) this.#counted.set(caller, counted);
    const { subjects } = counted;
    // No more subjects are kept than the report needs.
    if (subjects.size >= this.#many) return;
    subjects.add(subject);
    if (subjects.size >= this.#many) this.#onMany(caller, subjects.size);
  }
}

const EVERY_MS = 100;
/** The silence from which the loop counts as blocked: a busy one answers within a few milliseconds. */
const BLOCKED_FROM_MS = 25;
/** The shortest block that is reported. */
const TOLD_FROM_MS = 100;

export class LoopProbe {
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #onBack: (forMs: number) => void;
  /** When the ping that is not answered was sent; `null` for none. */
  #askedAtMs: number | null = null;
  #cancel: () => void = () => undefined;

  constructor(parts: {
    readonly clock: Clock;
    readonly ask: () => void;
    /** Called when the loop runs again, with how long it was blocked. */
    readonly onBack: (forMs: number) => void;
  }) {
    this.#clock = parts.clock;
    this.#ask = parts.ask;
    this.#onBack = parts.onBack;
  }

  /** How long the loop has not answered, in milliseconds; 0 while it runs. */
  get blockedMs(): number {
    if (this.#askedAtMs === null) return 0;
    const silentMs = this.#clock.monotonic() - this.#askedAtMs;
    return silentMs < BLOCKED_FROM_MS ? 0 : Math.round(silentMs);
  }

  start(): void {
    this.#askedAtMs = this.#clock.monotonic();
    this.#ask();
  }

  answered(): void {
    if (this.#askedAtMs === null) return;
    const silentMs = this.#clock.monotonic() - this.#askedAtMs;
    this.#askedAtMs = null;
    if (silentMs >= TOLD_FROM_MS) this.#onBack(Math.round(silentMs));
    this.#cancel = this.#clock.schedule(EVERY_MS, () => {
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }
}
