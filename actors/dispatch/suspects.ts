/**
 * Operations that were in flight when the process died: one of them may be what killed it. At each
 * upstream they run a few at a time, most urgent first over all upstreams, and what was in flight at
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
  SUSPECTS_IN_FLIGHT_MAX,
  windowAloneMs,
} from '../../machines/policy/retry/crashPolicy.ts';
import { crashesBeside } from '../../machines/policy/retry/failureRuns.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { NO_RANKS, type RankSet, upTo } from '../../machines/vocabulary/urgency.ts';
import type { FlowControl, Permit } from '../flow/flowControl.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';
import type { AloneMark } from './aloneMark.ts';
import { ReadyQueue } from './readyQueue.ts';
import type { UpstreamQueue } from './upstreamQueue.ts';
import type { UpstreamQueues } from './upstreamQueues.ts';

// Holds back everything else while an operation runs alone that may be what kills the process: for a
// bounded time before it begins, until what is in flight has ended, and as long once it runs. After that
// the others go on beside it, for at least as long as they were held back (RT-4, SV-3).

interface IsolationParts {
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly timers: TimerService;
  readonly flows: () => Iterable<FlowControl>;
  /** Keeps who was alone in flight. */
  readonly mark: Pick<AloneMark, 'began' | 'ended'>;
  /** Resolves once all that was ordered until now is on disk, or can't be. */
  readonly written: () => Promise<unknown>;
  /** One may begin that was to wait for the end of what is in flight, or the next may have its turn. */
  readonly onMayBegin: () => void;
  /** The others may start again. */
  readonly onOver: () => void;
}

class Isolation {
  readonly #parts: IsolationParts;
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

  constructor(parts: IsolationParts) {
    this.#parts = parts;
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
    const { steady, flows, onMayBegin } = this.#parts;
    this.#alone = suspect;
    this.#windowMs = windowMs;
    this.#sinceMs = steady.now();
    this.#isDrainOver = false;
    this.#drained = 'no';
    for (const flow of flows()) flow.setIntake('isolated');
    this.#after(windowMs, () => {
      this.#isDrainOver = true;
      onMayBegin();
    });
  }

  /**
   * Whether it may begin: nothing is in flight any more, on disk too, or it has waited long enough for that.
   * What is not on disk as ended comes back as in flight after a crash.
   */
  get mayRun(): boolean {
    if (this.#isDrainOver || this.#drained === 'yes') return true;
    const isInFlight = [...this.#parts.flows()].some(({ inFlight }) => inFlight > 0);
    if (!isInFlight && this.#drained === 'no') void this.#settle(this.#alone);
    return false;
  }

  async #settle(suspect: Resident | null): Promise<void> {
    const { written, onMayBegin } = this.#parts;
    this.#drained = 'writing';
    // What ended last is ordered to be written after its slot came back.
    await Promise.resolve();
    await written().catch(() => undefined);
    if (this.#alone !== suspect || this.#drained !== 'writing') return;
    this.#drained = 'yes';
    onMayBegin();
  }

  /** It begins. */
  started(suspect: Resident): void {
    if (this.#alone !== suspect) return;
    this.#parts.mark.began(suspect.id, this.#drained === 'yes');
    this.#after(this.#windowMs, () => {
      if (this.end(suspect)) this.#parts.onOver();
    });
  }

  /** It has ended, or can't run now. True where the others may start again for that. */
  end(suspect: Resident): boolean {
    if (this.#alone !== suspect) return false;
    const { steady, flows, mark, onMayBegin } = this.#parts;
    this.#alone = null;
    mark.ended(suspect.id);
    this.#isPaused = true;
    for (const flow of flows()) flow.setIntake('open');
    this.#after(Math.max(1, steady.now() - this.#sinceMs), () => {
      this.#isPaused = false;
      onMayBegin();
    });
    return true;
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
  readonly queues: Pick<UpstreamQueues, 'get' | 'values'>;
  readonly journal: Pick<Journal, 'written'>;
  /** Keeps who was alone in flight. */
  readonly mark: Pick<AloneMark, 'began' | 'ended' | 'turnOf'>;
  /** How long its attempt may take. */
  readonly attemptTimeoutMs: (resident: Resident) => number;
  readonly grant: (resident: Resident, permit: Permit) => void;
  /** The pause of one is over. */
  readonly onPauseOver: () => void;
  /** Nobody is held back any more for one that was to run alone. */
  readonly onOthersMayStart: () => void;
}

/** The suspects of one upstream that may run beside others. */
interface Group {
  readonly waiting: ReadyQueue<Resident>;
  readonly inFlight: Set<Resident>;
}

export class Suspects {
  readonly #parts: SuspectsParts;
  readonly #isolation: Isolation;
  readonly #waiting = new Set<Resident>();
  /** Of those waiting, who has to run alone. */
  readonly #isolated = new Set<Resident>();
  /** The others: by upstream, so that a crowd of them is not looked through. */
  readonly #groups = new Map<string, Group>();
  /** Those of them that are in flight. */
  readonly #groupsOf = new Map<Resident, Group>();
  /** Of those waiting, whose turn to run alone has not come yet. */
  readonly #pausing = new Set<Resident>();
  /** Those that were to run alone and began. */
  readonly #ran = new Set<Resident>();

  constructor(parts: SuspectsParts) {
    this.#parts = parts;
    const { steady, timers, queues, onPauseOver, onOthersMayStart } = parts;
    this.#isolation = new Isolation({
      steady,
      timers,
      mark: parts.mark,
      written: () => parts.journal.written(),
      flows: () => [...queues.values()].map(({ flow }) => flow),
      onMayBegin: onPauseOver,
      onOver: onOthersMayStart,
    });
  }

  /** Whether the others are held back for one that runs alone, or is about to. */
  get isIsolating(): boolean {
    return this.#isolation.isOn;
  }

  get waiting(): readonly Resident[] {
    return [...this.#waiting];
  }

  /** The ranks of those that wait for this upstream. */
  waitingAt(upstream: string): RankSet {
    return this.#groups.get(upstream)?.waiting.ranks ?? NO_RANKS;
  }

  /** Of these, the ranks of those that may run beside others now. */
  ranksAt(upstream: string): RankSet {
    const group = this.#groups.get(upstream);
    if (group === undefined || this.#isolation.isOn || isFull(group)) return NO_RANKS;
    return group.waiting.ranks;
  }

  has(resident: Resident): boolean {
    return this.#waiting.has(resident) || this.#ran.has(resident) || this.#groupsOf.has(resident);
  }

  add(suspect: Resident): void {
    const { crashes } = suspect.actor.getSnapshot().context;
    this.#waiting.add(suspect);
    if (crashes >= CRASHES_IN_A_ROW_MAX) this.#isolated.add(suspect);
    else this.#groupOf(suspect).waiting.add(suspect);
    const pauseMs = pauseBeforeAloneMs(crashes);
    if (pauseMs === 0) return;
    const { timers, onPauseOver } = this.#parts;
    this.#pausing.add(suspect);
    timers.after(pauseMs, () => {
      if (this.#pausing.delete(suspect)) onPauseOver();
    });
  }

  /** It has ended its attempt, or will not run. True when others may start again because of it. */
  delete(suspect: Resident): boolean {
    this.#leaveWaiting(suspect);
    this.#ran.delete(suspect);
    this.#groupsOf.get(suspect)?.inFlight.delete(suspect);
    this.#groupsOf.delete(suspect);
    return this.#isolation.end(suspect);
  }

  /** Its handler is waited for no longer than that it holds up the next: it is in flight beside those. */
  overhangs(suspect: Resident): void {
    this.#groupsOf.get(suspect)?.inFlight.delete(suspect);
  }

  /** Its type goes to another upstream. */
  moved(suspect: Resident): void {
    if (!this.#waiting.has(suspect)) return;
    for (const { waiting } of this.#groups.values()) waiting.delete(suspect);
    if (!this.#isolated.has(suspect)) this.#groupOf(suspect).waiting.add(suspect);
  }

  /** Nothing starts any more. */
  stop(): void {
    this.#isolation.stop();
  }

  /** Starts those whose turn it is. True when one no longer isolates, so that others may start. */
  pump(): boolean {
    const wasIsolated = this.#isolation.isOn;
    this.#startOthers();
    this.#startAlone();
    return wasIsolated && !this.#isolation.isOn;
  }

  /**
   * Gives a slot of this upstream, that something else is about to take, to a suspect of one of these
   * ranks. False when there is none, or when as many run as may run beside each other.
   */
  take(upstream: string, ranks: RankSet, permit: Permit): boolean {
    const group = this.#groups.get(upstream);
    if (group === undefined || this.#isolation.isOn || isFull(group)) return false;
    const suspect = group.waiting.first(ranks);
    if (suspect === undefined) return false;
    this.#run(suspect, permit);
    return true;
  }

  /** Most urgent first over all upstreams; where work waits on disk as well, each claim looks here first. */
  #startOthers(): void {
    const open = new Map(this.#groups);
    while (!this.#isolation.isOn) {
      let most: readonly [upstream: string, suspect: Resident] | null = null;
      for (const [upstream, group] of open) {
        const suspect = isFull(group) ? undefined : group.waiting.first();
        if (suspect === undefined) open.delete(upstream);
        else if (most === null || suspect.urgency < most[1].urgency) most = [upstream, suspect];
      }
      if (most === null) return;
      const [upstream, suspect] = most;
      if (!this.#startOne(suspect, this.#parts.queues.get(upstream))) open.delete(upstream);
    }
  }

  /** False where this upstream takes no more of them now. */
  #startOne(
    suspect: Resident,
    queue: Pick<UpstreamQueue, 'flow' | 'isBehindRows'> | undefined,
  ): boolean {
    if (queue === undefined) {
      this.#leaveWaiting(suspect);
      suspect.actor.send({ type: 'handler.missing', atMs: this.#parts.clock.now() });
      return true;
    }
    const { id, urgency } = suspect;
    if (queue.isBehindRows(urgency)) return false;
    const permit = queue.flow.tryEnter({ id, urgency });
    if (permit !== null) this.#run(suspect, permit);
    return permit !== null;
  }

  #run(suspect: Resident, permit: Permit): void {
    this.#leaveWaiting(suspect);
    const group = this.#groupOf(suspect);
    group.inFlight.add(suspect);
    this.#groupsOf.set(suspect, group);
    this.#parts.grant(suspect, permit);
  }

  #groupOf(suspect: Resident): Group {
    const upstream = suspect.handler?.upstream ?? '';
    const group = this.#groups.get(upstream) ?? {
      waiting: new ReadyQueue<Resident>(),
      inFlight: new Set<Resident>(),
    };
    this.#groups.set(upstream, group);
    return group;
  }

  #leaveWaiting(suspect: Resident): void {
    if (!this.#waiting.delete(suspect)) return;
    this.#pausing.delete(suspect);
    this.#isolated.delete(suspect);
    // Its handler may have been registered since it came.
    for (const { waiting } of this.#groups.values()) waiting.delete(suspect);
  }

  /**
   * Has the others held back for one of those that run alone, and starts it once it may: the most urgent that has had no
   * turn, or else the one that began last before the process died. A suspect that began before that one waits for it:
   * beside a handler that hangs none is ever alone.
   */
  #startAlone(): void {
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
    const { queues, clock, attemptTimeoutMs } = this.#parts;
    const flow = queues.get(suspect.handler?.upstream ?? '')?.flow;
    if (flow === undefined) {
      this.#leaveWaiting(suspect);
      suspect.actor.send({ type: 'handler.missing', atMs: clock.now() });
      return false;
    }
    if (!canTake(flow, suspect)) {
      this.#isolation.end(suspect);
      return false;
    }
    const beside = crashesBeside(suspect.actor.getSnapshot().context);
    this.#isolation.begin(suspect, windowAloneMs(beside, attemptTimeoutMs(suspect)));
    if (!this.#isolation.mayRun) return true;
    const { id, urgency } = suspect;
    const permit = flow.tryEnter({ id, urgency, isAlone: true });
    if (permit === null) this.#isolation.end(suspect);
    else this.#runAlone(suspect, permit);
    return permit !== null;
  }

  #runAlone(suspect: Resident, permit: Permit): void {
    this.#leaveWaiting(suspect);
    this.#ran.add(suspect);
    this.#isolation.started(suspect);
    this.#parts.grant(suspect, permit);
  }

  /** Whether one that is as urgent, and need not run alone, can run soon. */
  #isBehindOthers(urgency: number): boolean {
    for (const [upstream, { waiting }] of this.#groups) {
      const first = waiting.first(upTo(urgency));
      const flow = this.#parts.queues.get(upstream)?.flow;
      if (first !== undefined && flow !== undefined && canTake(flow, first)) return true;
    }
    return false;
  }
}

/** As many run beside each other as may. */
function isFull({ inFlight }: Group): boolean {
  return inFlight.size >= SUSPECTS_IN_FLIGHT_MAX;
}

/** Whether nothing stands against it but that the slots are taken. */
function canTake(flow: FlowControl, { id, urgency }: Resident): boolean {
  const answer = flow.mayRun({ id, urgency, isAlone: true });
  return answer.may || answer.because === 'slot' || answer.because === 'ramp';
}
