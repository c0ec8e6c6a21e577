/**
 * Crisis mode of subjects and of everybody: an actor for each that is on, in force at once, kept
 * in a sealed record of its own, and gone on with by the next process (CR-6).
 *
 * @module
 */

import {
  type CrisisModeEvent,
  type CrisisModeSnapshot,
  crisisModeDue,
  crisisModeMachine,
} from '../../machines/crisisMode/crisisModeMachine.ts';
import {
  type CrisisModeFor,
  type CrisisModesOn,
  crisisModeFor,
  goneOn,
  MODE_MS_MAX,
  type ModeOn,
  raisedPriority,
} from '../../machines/policy/crisis/crisisMode.ts';
import type { Component } from '../../machines/policy/service/restartPolicy.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import { isAlso, type Person, subjectForm } from '../../machines/vocabulary/subject.ts';
import type { Priority } from '../../machines/vocabulary/urgency.ts';
import type { CrisisModesAtOpen, KeptCrisisMode } from '../../persistence/port/store.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { ChartActor } from '../charts/chartActor.ts';
import { decodeSnapshot } from '../charts/snapshots.ts';
import type { Facts } from '../facts/factStream.ts';
import type { ComponentWrites } from '../journal/componentWrites.ts';
import { closed } from '../operation/acceptance.ts';
import { inTime } from '../platform/inPieces.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import { notConnected } from '../platform/wires.ts';
import {
  type CrisisModeEnd,
  type CrisisModeOrder,
  type CrisisModeState,
  secondPersonNeeded,
  whatChanged,
} from './crisisModeState.ts';
import type { PlansAtHand } from './plansAtHand.ts';

export interface CrisisModesParts {
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly system: ActorSystem;
  readonly plans: Pick<PlansAtHand, 'hold' | 'letGo'>;
  readonly writes: ComponentWrites;
  /** An actor died of an error. */
  readonly onFailed: (component: Component, error: unknown) => void;
  readonly onError: (error: unknown) => void;
}

/** So that what is read at a start, and the plans that are kept at hand, stay small. */
const SUBJECTS_MAX = 200;
/** Order by which it is on for everybody where what was kept of it is in doubt; anybody ends it. */
const IN_DOUBT = {
  by: { id: 'holdfast' },
  reason:
    'What was kept of crisis mode is missing, or is an earlier copy: see docs/how-to/find-out-what-is-missing.md.',
  forMs: MODE_MS_MAX,
} as const;
/** Longest that a person who gives an order waits for the disk. */
const DURABLE_WITHIN_MS = 2_000;

interface Kept {
  readonly id: string;
  /** The person it is for, who is no part of the text; `null` for everybody. */
  readonly subject: string | null;
  /** The snapshot of its chart. */
  readonly state: string;
}

interface Mode extends Kept {
  state: string;
  readonly component: Component;
  readonly chart: ChartActor<typeof crisisModeMachine>;
  /** The change that it had last; up to which of them is ordered to be written, and is on disk. */
  revision: number;
  writtenRevision: number;
  durableRevision: number;
  on: ModeOn | null;
}

/** Waits until a change of a mode is on disk, also of one that has ended. */
interface Waiter extends Pick<Mode, 'subject' | 'revision'> {
  readonly tell: (isDurable: boolean) => void;
}

export class CrisisModes {
  /** Called when crisis mode was switched on or off for everybody. */
  onGlobal: () => void = notConnected;
  readonly #parts: CrisisModesParts;
  /** By whom they are for. */
  readonly #modes = new Map<string | null, Mode>();
  /** People who ended crisis mode before it was known whether an earlier process left it on. */
  readonly #leftEarly = new Map<string | null, Person>();
  /** What a later version of the chart wrote: it goes on there. */
  #newer: readonly Kept[] = [];
  /** Counts changes. */
  #revision = 0;
  #waiters: Waiter[] = [];
  #isOpen = false;
  #isStopped = false;

  constructor(parts: CrisisModesParts) {
    this.#parts = parts;
  }

  /** Whether crisis mode is on for everybody. */
  get isGlobal(): boolean {
    return this.#modes.has(null);
  }

  /** For whom it is on, to be looked at elsewhere. */
  get on(): CrisisModesOn {
    const subjects = [...this.#modes.keys()].filter((subject) => subject !== null);
    return { isGlobal: this.isGlobal, subjects: new Set(subjects) };
  }

  /** For whom it is on, of what a request says it is about. */
  of(subject: unknown): CrisisModeFor {
    return crisisModeFor({ isGlobal: this.isGlobal, subjects: this.#modes }, subject);
  }

  /** The same work, as urgent as anything but a crisis is where its subject is in crisis mode. */
  raised<
    Work extends {
      readonly subject?: string | undefined;
      readonly priority?: Priority | undefined;
    },
  >(work: Work): Work {
    const { subject, priority = 'normal' } = work;
    if (this.#modes.size === 0 || subject === undefined) return work;
    if (!this.#modes.has(subjectForm(subject))) return work;
    return { ...work, priority: raisedPriority(priority) };
  }

  /** All that are on, that of everybody first, then the earliest. */
  get states(): readonly CrisisModeState[] {
    return [...this.#modes.values()]
      .flatMap((mode) => (mode.on === null ? [] : [this.#stateOf(mode, mode.on)]))
      .toSorted(
        (a, b) =>
          Number(a.subject !== null) - Number(b.subject !== null) || a.sinceAtMs - b.sinceAtMs,
      );
  }

  /**
   * Switches it on or prolongs it: in force when the call returns. Resolves once that is on disk, or
   * after 2 s, and says which.
   *
   * @throws HoldfastError (rejects) `HF_CLOSED`; `HF_OPTION_INVALID` where it is on for 200 subjects.
   */
  async enter({ subject: given, by, reason, forMs }: CrisisModeOrder): Promise<CrisisModeState> {
    if (this.#isStopped) throw closed();
    const subject = given === null ? null : subjectForm(given);
    const before = this.#modes.get(subject);
    const subjects = this.#modes.size - Number(this.isGlobal);
    requireOption(
      before !== undefined || subject === null || subjects < SUBJECTS_MAX,
      'subject',
      `can't be put into crisis mode: ${SUBJECTS_MAX} others are, which is the most; end one, or switch it on for everybody`,
    );
    this.#leftEarly.delete(subject);
    const mode = before ?? this.#begin(this.#parts.random.uuid(), subject);
    this.#send(mode, {
      ...{ type: 'person.entered', by, reason, forMs },
      atMs: this.#parts.steady.now(),
    });
    const { on } = mode;
    // Its chart can't fail twice in a row, but by a defect.
    if (on === null)
      throw new HoldfastError('HF_INTERNAL', 'Crisis mode could not be switched on.');
    await this.#durable(mode);
    // The store may have been opened meanwhile, and somebody may have ended it.
    return this.#stateOf(mode, mode.on ?? on);
  }

  /**
   * Ends it: it is off when the call returns. Resolves as {@link enter} does.
   *
   * @throws HoldfastError (rejects) `HF_SECOND_PERSON_NEEDED` where `by` switched it on or prolonged it, or
   * is its subject; `HF_CLOSED`.
   */
  async leave(given: string | null, by: Person): Promise<CrisisModeEnd> {
    if (this.#isStopped) throw closed();
    const subject = given === null ? null : subjectForm(given);
    const mode = this.#modes.get(subject);
    if (!this.#isOpen) this.#leftEarly.set(subject, by);
    if (mode === undefined) return { wasOn: false, isDurable: this.#isOpen };
    this.#send(mode, this.#left(subject, by));
    if (mode.on !== null) {
      this.#leftEarly.delete(subject);
      throw secondPersonNeeded();
    }
    return { wasOn: true, isDurable: await this.#durable(mode) };
  }

  /**
   * The store is open, and this was kept in it; the clock went on by so much. Where that is in doubt, it is on for
   * everybody, for as long as it may last, or until somebody ends it.
   */
  opened({ kept: records, isInDoubt }: CrisisModesAtOpen, shiftedMs: number): void {
    this.#isOpen = true;
    const read = records.map((record) => this.#read(record));
    const kept = read.flatMap((modes) => modes ?? []);
    for (const mode of [...this.#modes.values()]) {
      this.#send(mode, { type: 'store.opened', shiftedMs, earlier: null });
    }
    const goOn = kept.map((one) => this.#goOn(one));
    if (isInDoubt || read.includes(null) || goOn.includes('lost')) this.#beginInDoubt();
    for (const [subject, by] of this.#leftEarly) {
      const mode = this.#modes.get(subject);
      if (mode !== undefined) this.#send(mode, this.#left(subject, by));
    }
    this.#leftEarly.clear();
  }

  #beginInDoubt(): void {
    const mode = this.#modes.get(null) ?? this.#begin(this.#parts.random.uuid(), null);
    const atMs = this.#parts.steady.now();
    this.#send(mode, { ...{ type: 'person.entered', atMs }, ...IN_DOUBT });
    this.#writeAll();
  }

  /** Starts an actor again that failed, from what it kept. */
  restart(component: Component): void {
    const mode = [...this.#modes.values()].find((one) => one.component === component);
    if (mode !== undefined) this.#restore(mode);
  }

  stop(): void {
    this.#isStopped = true;
    for (const { chart } of this.#modes.values()) chart.stop();
    for (const { tell } of this.#waiters.splice(0)) tell(false);
  }

  #begin(id: string, subject: string | null): Mode {
    const { system, steady, timers, plans, onFailed } = this.#parts;
    const component: Component = `crisisMode:${id}`;
    const chart = new ChartActor({
      system,
      machine: crisisModeMachine,
      id: component,
      input: { scope: subject === null ? 'global' : 'subject' },
      due: { of: crisisModeDue, steady, after: timers.after.bind(timers) },
      keep: {
        write: (state) => {
          mode.state = state;
          this.#revision += 1;
          mode.revision = this.#revision;
        },
      },
      onChange: (snapshot, event) => {
        this.#changed(mode, snapshot, event);
      },
      onFailed: (error) => {
        onFailed(component, error);
      },
    });
    const mode: Mode = {
      ...{ id, subject, component, chart, state: '', on: null },
      ...{ revision: 0, writtenRevision: 0, durableRevision: 0 },
    };
    this.#modes.set(subject, mode);
    if (subject !== null) plans.hold(subject);
    chart.start();
    return mode;
  }

  #left(subject: string | null, by: Person): Extract<CrisisModeEvent, { type: 'person.left' }> {
    const atMs = this.#parts.steady.now();
    return { type: 'person.left', by, isSubject: isAlso(by, subject), atMs };
  }

  #send(mode: Mode, event: CrisisModeEvent): void {
    // An order does not wait for the supervisor.
    if (mode.chart.isFailed) this.#restore(mode);
    mode.chart.send(event);
  }

  #restore({ chart, state }: Mode): void {
    if (state === '') chart.restart();
    else chart.restore(state, { type: 'process.restarted', atMs: this.#parts.steady.now() });
  }

  #changed(mode: Mode, snapshot: CrisisModeSnapshot, event: CrisisModeEvent | undefined): void {
    const before = mode.on;
    mode.on = snapshot.context.on;
    if (mode.on === null) this.#end(mode);
    if (mode.revision > mode.writtenRevision) this.#write(mode);
    const what = whatChanged(before, snapshot, event);
    if (what !== null) {
      const { facts, steady } = this.#parts;
      const endsAtMs = mode.on === null ? null : steady.toWall(mode.on.endsAtMs);
      const by = event !== undefined && 'by' in event ? event.by : null;
      const { id, subject } = mode;
      const { scope } = snapshot.context;
      facts.emit('crisisMode.changed', { id, scope, subject }, what, by, endsAtMs);
    }
    if (mode.subject === null && (before === null) !== (mode.on === null)) this.onGlobal();
  }

  #end(mode: Mode): void {
    mode.chart.stop();
    this.#modes.delete(mode.subject);
    if (mode.subject !== null) this.#parts.plans.letGo(mode.subject);
  }

  /** Goes on with one, or joins it to what is on by now; `lost` where it can't be read. */
  #goOn(kept: Kept): 'on' | 'newer' | 'lost' {
    const now = this.#modes.get(kept.subject);
    const mode = now ?? this.#begin(kept.id, kept.subject);
    try {
      if (now !== undefined) {
        const earlier = this.#stillOn(kept.state);
        this.#send(now, { type: 'store.opened', shiftedMs: 0, earlier });
      } else {
        mode.state = kept.state;
        this.#restore(mode);
      }
      return 'on';
    } catch (error) {
      if (now === undefined) this.#end(mode);
      this.#parts.onError(error);
      if (!isHoldfastError(error) || error.code !== 'HF_RECORD_NEWER') return 'lost';
      this.#newer = [...this.#newer, kept];
      return 'newer';
    }
  }

  /** The mode as it was kept, unless its time is over. @throws HoldfastError where it can't be read */
  #stillOn(state: string): ModeOn | null {
    const { on } = decodeSnapshot(crisisModeMachine, state).snapshot.context;
    const nowMs = this.#parts.steady.now();
    const goesOn = on && goneOn(on, nowMs);
    return goesOn !== null && goesOn.endsAtMs > nowMs ? goesOn : null;
  }

  /** Modes of a record: one, and what a later version of the chart wrote; `null` where it can't be read. */
  #read({ subject, state }: KeptCrisisMode): readonly Kept[] | null {
    try {
      const kept = JSON.parse(state) as readonly Omit<Kept, 'subject'>[];
      return kept.map((one) => ({ ...one, subject }));
    } catch (error) {
      this.#parts.onError(error);
      return null;
    }
  }

  /** Orders what is kept of a subject to be written, as it is by then. */
  #write(mode: Mode): void {
    const { subject } = mode;
    // What is kept next must not be later than the time that is.
    this.#parts.steady.stamp();
    mode.writtenRevision = mode.revision;
    let revision = 0;
    this.#parts.writes.order(
      subject === null ? 'crisisMode' : `crisisMode\0${subject}`,
      () => {
        revision = this.#revision;
        return { kind: 'crisisMode', subject, state: this.textOf(subject) };
      },
      () => {
        this.#kept((one) => one === subject, revision);
      },
    );
  }

  /** Orders all to be written, in place of whatever is kept. */
  #writeAll(): void {
    let revision = 0;
    this.#parts.writes.order(
      'crisisModes',
      () => {
        revision = this.#revision;
        const subjects = [...this.#modes.values(), ...this.#newer].map(({ subject }) => subject);
        const all = [...new Set(subjects)].flatMap((subject) => {
          const state = this.textOf(subject);
          return state === null ? [] : { subject, state };
        });
        return { kind: 'crisisModes', all };
      },
      () => {
        this.#kept(() => true, revision);
      },
    );
  }

  /** The text of the record of a person, in the form by which people are compared, or of everybody; `null` for none. */
  textOf(of: string | null): string | null {
    const mode = this.#modes.get(of);
    const on = mode === undefined || mode.on === null ? [] : [mode];
    const kept = [...on, ...this.#newer.filter(({ subject }) => subject === of)];
    return kept.length === 0 ? null : JSON.stringify(kept.map(({ id, state }) => ({ id, state })));
  }

  /** Changes up to this one are on disk. */
  #kept(isOf: (subject: string | null) => boolean, revision: number): void {
    for (const mode of this.#modes.values()) {
      if (isOf(mode.subject)) mode.durableRevision = Math.max(mode.durableRevision, revision);
    }
    const isDone = (waiter: Waiter): boolean => isOf(waiter.subject) && waiter.revision <= revision;
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter));
    for (const { tell } of done) tell(true);
  }

  /** Whether the last change of a mode is on disk, after 2 s at most. */
  async #durable({ subject, revision, durableRevision }: Mode): Promise<boolean> {
    if (revision <= durableRevision) return true;
    const durable = new Promise<boolean>((resolve) => {
      this.#waiters.push({ subject, revision, tell: resolve });
    });
    const told = await inTime(this.#parts.clock, durable, DURABLE_WITHIN_MS);
    return told?.value ?? false;
  }

  #stateOf({ id, subject, revision, durableRevision, chart }: Mode, on: ModeOn): CrisisModeState {
    const sinceAtMs = this.#parts.steady.toWall(on.sinceAtMs);
    return {
      ...{ id, subject, by: on.by, reason: on.reason },
      // Read once, so that it lasts as long as was asked for though the clock is set in between.
      ...{ sinceAtMs, endsAtMs: sinceAtMs + on.endsAtMs - on.sinceAtMs },
      isEnding: chart.snapshot.value === 'ending',
      isDurable: revision <= durableRevision,
    };
  }
}
