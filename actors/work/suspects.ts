/**
 * Operations that were in flight when the process died: one of them may be what killed it. At each
 * upstream they run a few at a time, in its line, and what was in flight at
 * several crashes in a row runs with nothing else in flight, so that the culprit is told from the
 * bystanders. Before it runs alone again the process must live for a while without it, so that a process
 * that somebody else keeps killing is told from one that the work kills (RT-4, SV-3,
 * docs/decisions/0014, 0033, 0112).
 *
 * @module
 */

import {
  CRASHES_IN_A_ROW_MAX,
  pauseBeforeAloneMs,
  windowAloneMs,
} from '../../machines/policy/retry/crashPolicy.ts';
import { crashesBeside } from '../../machines/policy/retry/failureRuns.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { upTo } from '../../machines/vocabulary/urgency.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { SuspectQueue } from '../upstream/suspectQueue.ts';
import type { UpstreamScheduler } from '../upstream/upstreamScheduler.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { AloneMark } from './aloneMark.ts';

// Holds back everything else while an operation runs alone that may be what kills the process: for a
// bounded time before it begins, until what is in flight has ended, and as long once it runs. After that
// the others go on beside it, for at least as long as they were held back (RT-4, SV-3).

interface IsolationParts {
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly timers: TimerService;
  readonly upstreams: Pick<Upstreams, 'all'>;
  /** Keeps who was alone in flight. */
  readonly mark: Pick<AloneMark, 'began' | 'ended'>;
  readonly journal: Pick<Journal, 'written'>;
}

class Isolation {
  readonly #parts: IsolationParts;
  /** One may begin that was to wait for the end of what is in flight, or the next may have its turn. */
  readonly #onMayBegin: () => void;
  /** The one for which the others are held back. */
  #alone: Resident | null = null;
  #windowMs = 0;
  #sinceMs = 0;
  /** True once the wait for work in flight has taken long enough. */
  #isDrainOver = false;
  /** What was in flight has ended, and that is being written, or is on disk. */
  #drained: 'no' | 'writing' | 'yes' = 'no';
  #isPaused = false;
  #cancelTimer: () => void = () => undefined;

  constructor(parts: IsolationParts, onMayBegin: () => void) {
    this.#parts = parts;
    this.#onMayBegin = onMayBegin;
  }

  /** True while nothing else may start. */
  get isOn(): boolean {
    return this.#alone !== null;
  }

  /** Whether this one may be isolated now, or is. */
  isFreeFor(suspect: Resident): boolean {
    return this.#alone === suspect || (this.#alone === null && !this.#isPaused);
  }

  /** From now on nothing else starts, for at most `windowMs` before it begins and as long after. */
  begin(suspect: Resident, windowMs: number): void {
    if (this.#alone === suspect) return;
    const { steady, upstreams } = this.#parts;
    this.#alone = suspect;
    this.#windowMs = windowMs;
    this.#sinceMs = steady.now();
    this.#isDrainOver = false;
    this.#drained = 'no';
    for (const { flow } of upstreams.all) flow.setIntake('isolated');
    this.#after(windowMs, () => {
      this.#isDrainOver = true;
      this.#onMayBegin();
    });
  }

  /**
   * Whether it may begin: nothing is in flight any more, on disk too, or it has waited long enough for that.
   * What is not on disk as ended comes back as in flight after a crash.
   */
  get mayRun(): boolean {
    if (this.#isDrainOver || this.#drained === 'yes') return true;
    const isInFlight = this.#parts.upstreams.all.some(({ flow }) => flow.inFlight > 0);
    if (!isInFlight && this.#drained === 'no') void this.#settle(this.#alone);
    return false;
  }

  async #settle(suspect: Resident | null): Promise<void> {
    this.#drained = 'writing';
    // What ended last is ordered to be written after its slot came back.
    await Promise.resolve();
    await this.#parts.journal.written().catch(() => undefined);
    if (this.#alone !== suspect || this.#drained !== 'writing') return;
    this.#drained = 'yes';
    this.#onMayBegin();
  }

  /** Notes that the one that runs alone begins. */
  started(suspect: Resident): void {
    if (this.#alone !== suspect) return;
    this.#parts.mark.began(suspect.id, this.#drained === 'yes');
    this.#after(this.#windowMs, () => {
      this.end(suspect);
    });
  }

  /** Lets the others start again: the one that ran alone has ended, or can't run now. */
  end(suspect: Resident): void {
    if (this.#alone !== suspect) return;
    const { steady, upstreams, mark } = this.#parts;
    this.#alone = null;
    mark.ended(suspect.id);
    this.#isPaused = true;
    for (const { flow } of upstreams.all) flow.setIntake('open');
    this.#after(Math.max(1, steady.now() - this.#sinceMs), () => {
      this.#isPaused = false;
      this.#onMayBegin();
    });
  }

  /** Nothing starts any more. */
  stop(): void {
    this.#cancelTimer();
    this.#alone = null;
  }

  #after(delayMs: number, then: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#parts.timers.after(delayMs, then);
  }
}

export interface SuspectsParts {
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly timers: TimerService;
  readonly upstreams: Pick<Upstreams, 'byName' | 'all'>;
  readonly journal: Pick<Journal, 'written'>;
  /** Keeps who was alone in flight. */
  readonly mark: Pick<AloneMark, 'began' | 'ended' | 'turnOf'>;
  /** How long its attempt may take. */
  readonly attemptTimeoutMs: (resident: Resident) => number;
}

export class Suspects {
  readonly #parts: SuspectsParts;
  readonly #isolation: Isolation;
  /** Waiting suspects that have to run alone. */
  readonly #isolated = new Set<Resident>();
  /** Isolated suspects whose turn has not come yet. */
  readonly #pausing = new Set<Resident>();
  /** Suspects that were to run alone and began. */
  readonly #ran = new Set<Resident>();
  /** The others, with the queue that each waits in or began from: `null` for one that has no upstream. */
  readonly #queues = new Map<Resident, SuspectQueue | null>();
  #isStarted = false;

  constructor(parts: SuspectsParts) {
    this.#parts = parts;
    this.#isolation = new Isolation(parts, () => {
      this.pump();
    });
  }

  /** All that wait. */
  get waiting(): readonly Resident[] {
    const { all } = this.#parts.upstreams;
    return [...this.#isolated, ...all.flatMap(({ suspects }) => suspects.all), ...this.#lost];
  }

  get #lost(): readonly Resident[] {
    return [...this.#queues].flatMap(([suspect, queue]) => (queue === null ? suspect : []));
  }

  has(resident: Resident): boolean {
    return this.#isolated.has(resident) || this.#ran.has(resident) || this.#queues.has(resident);
  }

  add(suspect: Resident): void {
    const { crashes } = suspect.actor.getSnapshot().context;
    if (crashes >= CRASHES_IN_A_ROW_MAX) this.#isolated.add(suspect);
    else this.#enqueue(suspect);
    const pauseMs = pauseBeforeAloneMs(crashes);
    if (pauseMs > 0) {
      this.#pausing.add(suspect);
      this.#parts.timers.after(pauseMs, () => {
        if (this.#pausing.delete(suspect)) this.pump();
      });
    }
    this.#pumpOf(suspect);
  }

  /** Forgets a suspect that has ended its attempt, or will not run. */
  delete(suspect: Resident): void {
    const wasIsolated = this.#isolated.delete(suspect);
    const hasRun = this.#ran.delete(suspect);
    const queue = this.#queues.get(suspect);
    if (!wasIsolated && !hasRun && queue === undefined) return;
    this.#pausing.delete(suspect);
    queue?.withdraw(suspect);
    queue?.ended(suspect);
    this.#queues.delete(suspect);
    this.#isolation.end(suspect);
  }

  /** Lets the next go on beside a suspect whose handler overhangs. */
  overhangs(suspect: Resident): void {
    this.#queues.get(suspect)?.ended(suspect);
  }

  /** Moves a suspect whose type goes to another upstream, or whose rank is another. */
  moved(suspect: Resident): void {
    const queue = this.#queues.get(suspect);
    if (queue === undefined || queue?.withdraw(suspect) === false) return;
    this.#enqueue(suspect);
    this.#pumpOf(suspect);
  }

  start(): void {
    this.#isStarted = true;
    this.pump();
  }

  /** Nothing starts any more. */
  stop(): void {
    this.#isStarted = false;
    this.#isolation.stop();
  }

  #enqueue(suspect: Resident): void {
    const queue =
      this.#parts.upstreams.byName.get(suspect.handler?.upstream ?? '')?.suspects ?? null;
    queue?.add(suspect);
    this.#queues.set(suspect, queue);
  }

  #pumpOf(suspect: Resident): void {
    if (!this.#isStarted) return;
    this.#parts.upstreams.byName.get(suspect.handler?.upstream ?? '')?.line.pump();
    this.pump();
  }

  /**
   * Has the others held back for one of those that run alone, and starts it once it may: the most urgent that has had no
   * turn, or else the one that began last before the process died. A suspect that began before that one waits for it:
   * beside a handler that hangs none is ever alone.
   */
  pump(): void {
    if (!this.#isStarted || this.#isolated.size + this.#queues.size === 0) return;
    for (const suspect of this.#lost) this.#lacksHandler(suspect);
    const { mark } = this.#parts;
    const turnOf = ({ id }: Resident): number => mark.turnOf(id) ?? Number.MAX_SAFE_INTEGER;
    const suspects = [...this.#isolated].toSorted(
      (a, b) => turnOf(b) - turnOf(a) || a.urgency - b.urgency,
    );
    for (const suspect of suspects) {
      if (this.#pausing.has(suspect) && mark.turnOf(suspect.id) !== null) return;
      if (this.#pausing.has(suspect) || !this.#isolation.isFreeFor(suspect)) continue;
      // Once the others are held back for it they can't go before it any more.
      if (!this.#isolation.isOn && this.#isBehindOthers(suspect.urgency)) continue;
      if (this.#isolate(suspect)) return;
    }
  }

  /** False where nobody waits for it: its upstream can't take it now. */
  #isolate(suspect: Resident): boolean {
    const { upstreams, attemptTimeoutMs } = this.#parts;
    const line = upstreams.byName.get(suspect.handler?.upstream ?? '')?.line;
    if (line === undefined) {
      this.#lacksHandler(suspect);
      return false;
    }
    if (!canTake(line.flow, suspect)) {
      this.#isolation.end(suspect);
      return false;
    }
    const beside = crashesBeside(suspect.actor.getSnapshot().context);
    this.#isolation.begin(suspect, windowAloneMs(beside, attemptTimeoutMs(suspect)));
    if (!this.#isolation.mayRun) return true;
    const permit = line.tryOne(suspect, true);
    if (permit === null) this.#isolation.end(suspect);
    else {
      this.#isolated.delete(suspect);
      this.#ran.add(suspect);
      this.#isolation.started(suspect);
      line.work.grant(suspect, permit);
    }
    return permit !== null;
  }

  #lacksHandler(suspect: Resident): void {
    this.#isolated.delete(suspect);
    this.#queues.delete(suspect);
    suspect.actor.send({ type: 'handler.missing', atMs: this.#parts.clock.now() });
  }

  /** Whether one that is as urgent, and need not run alone, can run soon. */
  #isBehindOthers(urgency: number): boolean {
    return this.#parts.upstreams.all.some(({ suspects, flow }) => {
      const first = suspects.first(upTo(urgency));
      return first !== undefined && canTake(flow, first);
    });
  }
}

/** Whether nothing stands against it but that the slots are taken. */
function canTake(flow: UpstreamScheduler, { id, urgency }: Resident): boolean {
  const answer = flow.mayRun({ id, urgency, isAlone: true });
  return answer.may || answer.because === 'slot' || answer.because === 'ramp';
}
