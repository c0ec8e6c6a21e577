/**
 * Crises as people look at them and decide about them (CR-5), under a running engine or in a store at rest:
 * which are not over, who was told of each, and that somebody takes one on or calls it off.
 *
 * @module
 */

import {
  type CrisisWord,
  decidedAtRest,
  type KeptCrisis,
} from '../../machines/crisis/crisisDemand.ts';
import {
  type ChainStep,
  type CrisisDecision,
  ESCALATION_PACE,
  type EscalationCause,
  saidSafeAtMs,
  type TakenOn,
} from '../../machines/crisis/crisisEscalation.ts';
import {
  type CrisisContext,
  type CrisisDeliveryState,
  type CrisisEscalationState,
  type CrisisSnapshot,
  crisisStatesOf,
} from '../../machines/crisis/crisisMachine.ts';
import { routeOf } from '../../machines/operation/position.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';
import { isAlso, isSamePerson, subjectForm } from '../../machines/vocabulary/subject.ts';
import type { TierName } from '../../machines/vocabulary/urgency.ts';
import type { Store, StoredOperation, WriteResult } from '../../persistence/port/store.ts';
import { crisisChart, type WorkSnapshot } from '../charts/chartOfWork.ts';
import { decodeWork, encodeWork } from '../charts/workRecord.ts';
import type { Journal } from '../journal/journal.ts';
import { operationUnknown } from '../operation/outcome.ts';
import type { OperationPool } from '../work/operationPool.ts';

/** A crisis as it is shown to people: whose, how far it is, who was told, who decided. No payload. */
export interface CrisisView {
  readonly id: string;
  /** `null`, as are subject and tier, of one that can't be read. */
  readonly type: string | null;
  readonly subject: string | null;
  readonly tier: TierName | null;
  /** Where it goes; `null` where no handler of its type is registered, and for a store that nobody runs on. */
  readonly upstream: string | null;
  /** How far its delivery is; `unreadable`: its record is damaged, and it may have been delivered or not. */
  readonly delivery: CrisisDeliveryState | 'unreadable';
  /** How far people were told that it is not delivered. */
  readonly escalation: CrisisEscalationState;
  /** The number of its latest delivery, from 1. */
  readonly attempt: number;
  /** What the last one failed with; `null` where none has failed. */
  readonly failure: ErrorCode | null;
  /** In milliseconds since the epoch, as are the others. */
  readonly acceptedAtMs: number;
  readonly escalatedAtMs: number | null;
  readonly cause: EscalationCause | 'unreadable' | null;
  /** When somebody was told first; `null` while nobody was. */
  readonly toldAtMs: number | null;
  /** The steps that were called, and what became of each, in the order of their latest calls. */
  readonly steps: readonly ChainStep[];
  /** Person who has taken it on, and until when; `null` while nobody has. */
  readonly takenOn: TakenOn | null;
  /** When whose crisis it is has said last that they are safe; `null` where they have not. It goes on all the same. */
  readonly saidSafeAtMs: number | null;
  /** Whether it is a trial run. */
  readonly isTest: boolean;
  /** What people have said about it, in order. */
  readonly decisions: readonly CrisisDecision[];
  readonly settledAtMs: number | null;
}

/** What became of a decision: in force, and whether that is on disk yet. */
export interface CrisisDecided {
  readonly crisis: CrisisView;
  /** What it was kept as: `noted` where nobody was told before, so that it is a note and no acknowledgement. */
  readonly what: CrisisDecision['what'];
  /** False while the disk fails: it is written as soon as it can be, and a restart before that forgets it. */
  readonly isDurable: boolean;
}

/** What a person decides about a crisis. */
type CrisisOrder = Pick<CrisisDecision, 'by' | 'note'> &
  (
    | {
        readonly what: 'acknowledge';
        /** How long they have it, in milliseconds; `null` for as long as is set. */
        readonly forMs: number | null;
      }
    | { readonly what: 'release' }
    | { readonly what: 'saySafe' }
    | {
        readonly what: 'callOff';
        /** The end of its id, by which one person alone calls it off before anybody was told. */
        readonly confirm: string | null;
      }
  );

/** So many characters of an id, its last ones, are typed by one who is alone. */
const CONFIRMED_BY = 8;

export interface CrisisAccess {
  /** Crises that are not over, in order of acceptance. */
  open(): Promise<readonly CrisisView[]>;
  /** One, over or not. @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_CRISIS_OVER` for what is none. */
  find(id: string): Promise<CrisisView>;
  /**
   * A person takes it on, gives it back, or calls it off.
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`; `HF_CRISIS_OVER` where it is over, or is none;
   * `HF_SECOND_PERSON_NEEDED` where its subject decides, or one person alone before anybody was told;
   * `HF_STORE_HELD` for one of a held store; `HF_STORE_…`.
   */
  decide(id: string, decision: CrisisOrder): Promise<CrisisDecided>;
  /** The same for each of one subject that is not over now. */
  decideFor(subject: string, decision: CrisisOrder): Promise<readonly CrisisDecided[]>;
}

type Rows = Pick<Store, 'find' | 'inHand'>;

const PAGE_ROWS = 256;
/** How often a row is looked for in memory that a start is about to take over. */
const TRIES_MAX = 50;
const TRY_AGAIN_MS = 100;

/** The crises of a running engine: what is in memory is known whatever the disk does. */
export function crisisAccessLive(parts: {
  readonly store: Rows;
  /** Core of the engine; its hold is there while nothing but crises since then runs. */
  readonly core: {
    readonly pool: OperationPool;
    readonly journal: Journal;
    readonly hold: object | null;
  };
  readonly clock: Clock;
  /** How long an acknowledgement lasts that does not say, in milliseconds. */
  readonly acknowledgedMs: number;
  readonly ready: () => Promise<void>;
}): CrisisAccess {
  const { store, core, clock, acknowledgedMs, ready } = parts;
  const { pool, journal } = core;
  const isHeld = (): boolean => core.hold !== null;
  const inMemory = (id: string): KeptCrisis | null => {
    const resident = pool.resident(id);
    return resident?.chart === crisisChart ? keptCrisis(resident.actor.getSnapshot()) : null;
  };
  const upstreamOf = (id: string): string | null => pool.resident(id)?.handler?.upstream ?? null;
  const access: CrisisAccess = {
    async open() {
      const views = pool.residents.flatMap(({ id }) => {
        const its = inMemory(id);
        return its === null ? [] : [viewOf(its, upstreamOf(id))];
      });
      // Of a store that is held, what came before is on disk alone.
      const resting = isHeld() && !journal.isHanging ? await openRows(store) : [];
      const known = new Set(views.map(({ id }) => id));
      return inOrder([...views, ...resting.filter(({ id }) => !known.has(id))]);
    },
    async find(id) {
      const its = inMemory(id);
      if (its !== null) return viewOf(its, upstreamOf(id));
      await ready();
      return viewOf(crisisOfRow(await store.find(id)));
    },
    async decide(id, decision) {
      for (let tries = 1; ; tries += 1) {
        const resident = pool.resident(id);
        const its = inMemory(id);
        if (resident !== undefined && its !== null) {
          const atMs = clock.now();
          const { hasChain } = pool.escalations;
          const event = wordOf(its, decision, { atMs, hasChain, acknowledgedMs });
          if (its.context.ending !== null || its.value.escalation === 'ended') throw over();
          if (event !== null && resident.actor.getSnapshot().can(event)) resident.actor.send(event);
          const isDurable = resident.isKept && (await journal.written());
          const kept = keptCrisis(resident.actor.getSnapshot());
          return decidedOf(event, kept, isDurable, upstreamOf(id));
        }
        await ready();
        const row = crisisOfRow(await store.find(id));
        if (row.context.ending !== null) throw over();
        if (isHeld()) throw held();
        if (tries >= TRIES_MAX) throw notTakenOver();
        // The start is about to take it over.
        await new Promise<void>((resolve) => {
          clock.schedule(TRY_AGAIN_MS, resolve);
        });
      }
    },
    decideFor: (subject, decision) => decideForEach(access, subject, decision),
  };
  return access;
}

/** The crises of a store at rest. What is decided is kept; one that is called off ends when a process next runs. */
export function crisisAccessAtRest(store: Store, clock: Pick<Clock, 'now'>): CrisisAccess {
  const access: CrisisAccess = {
    open: async () => inOrder(await openRows(store)),
    find: async (id) => viewOf(crisisOfRow(await store.find(id))),
    async decide(id, decision) {
      const row = await store.find(id);
      const kept = crisisOfRow(row);
      const { escalation } = kept.value;
      const event = wordOf(kept, decision, {
        atMs: clock.now(),
        // As far as the last process knew.
        hasChain: escalation !== 'exhausted' || kept.context.escalation.steps.length > 0,
        acknowledgedMs: ESCALATION_PACE.acknowledgedMs,
      });
      if (row === null || kept.context.ending !== null || escalation === 'ended') throw over();
      const its = event && decidedAtRest(kept, event);
      if (its === null) return decidedOf(event, kept, true);
      const [result] = await store.commit([
        {
          kind: 'update',
          seq: row.seq,
          id,
          urgency: row.urgency,
          expiresAtMs: null,
          subject: its.context.subject,
          revision: row.revision + 1,
          ...crisisChart.restingPosition(
            its.value.delivery,
            its.context,
            routeOf(its.context.type),
            0,
          ),
          state: encodeWork(crisisChart, { ...its, context: its.context }),
          leavesLane: false,
          payload: row.payload,
        },
      ]);
      if (!isWritten(result)) throw over();
      return decidedOf(event, its, true);
    },
    decideFor: (subject, decision) => decideForEach(access, subject, decision),
  };
  return access;
}

/** So many are decided together. */
const TOGETHER = 16;

async function decideForEach(
  access: CrisisAccess,
  subject: string,
  decision: CrisisOrder,
): Promise<readonly CrisisDecided[]> {
  const form = subjectForm(subject);
  const theirs = (await access.open()).filter(
    (view) => view.subject !== null && subjectForm(view.subject) === form,
  );
  const decided: CrisisDecided[] = [];
  for (let at = 0; at < theirs.length; at += TOGETHER) {
    const some = theirs.slice(at, at + TOGETHER).map(async ({ id }) => {
      try {
        return [await access.decide(id, decision)];
      } catch (error) {
        // It has ended meanwhile.
        if (isHoldfastError(error) && error.code === 'HF_CRISIS_OVER') return [];
        throw error;
      }
    });
    decided.push(...(await Promise.all(some)).flat());
  }
  return decided;
}

function isWritten(result: WriteResult | undefined): boolean {
  return result?.kind === 'updated';
}

async function openRows(store: Rows): Promise<readonly CrisisView[]> {
  const views: CrisisView[] = [];
  let after: { readonly urgency: number; readonly seq: number } | null = null;
  for (;;) {
    const rows: readonly StoredOperation[] = await store.inHand({ after, limit: PAGE_ROWS });
    const crises = rows.filter((row) => passesBy('flow', row));
    for (const row of crises) {
      const its = crisisIfReadable(row);
      if (its !== null) views.push(viewOf(its));
    }
    const last = crises.at(-1);
    // The most urgent come first.
    if (last === undefined || crises.length < PAGE_ROWS) return views;
    after = { urgency: last.urgency, seq: last.seq };
  }
}

function inOrder(views: readonly CrisisView[]): readonly CrisisView[] {
  return views.toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);
}

/** @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_CRISIS_OVER`, `HF_RECORD_…`. */
function crisisOfRow(row: StoredOperation | null): KeptCrisis {
  if (row === null) {
    throw operationUnknown();
  }
  const { chart, snapshot } = decodeWork(row);
  if (chart !== crisisChart) throw over();
  return keptCrisis(snapshot);
}

function keptCrisis({ value, context }: WorkSnapshot): KeptCrisis {
  return {
    value: crisisStatesOf(value as CrisisSnapshot['value']),
    context: context as CrisisContext,
  };
}

/** One that can't be read hides no other; `holdfast doctor` counts those. */
function crisisIfReadable(row: StoredOperation): KeptCrisis | null {
  try {
    return crisisOfRow(row);
  } catch {
    return null;
  }
}

/**
 * What the word of a person means to the crisis; `null` where there is nothing to give back.
 *
 * @throws HoldfastError `HF_SECOND_PERSON_NEEDED` to its subject; `HF_OPTION_INVALID` where what confirms it
 * is not the end of its id.
 */
function wordOf(
  { value, context }: KeptCrisis,
  order: CrisisOrder,
  known: { readonly atMs: number; readonly hasChain: boolean; readonly acknowledgedMs: number },
): CrisisWord | null {
  const { id, subject, escalation } = context;
  const { by, note } = order;
  const { atMs, hasChain, acknowledgedMs } = known;
  if (order.what === 'saySafe') return { type: 'safety.said', atMs, by, note };
  if (isAlso(by, subject)) throw notByItsSubject();
  if (order.what === 'acknowledge') {
    const untilMs = atMs + (order.forMs ?? acknowledgedMs);
    return { type: 'acknowledgement.given', atMs, by, note, untilMs, hasChain };
  }
  if (order.what === 'release') {
    const isTakenOn = value.escalation === 'acknowledged' || value.escalation === 'lapsing';
    return isTakenOn ? { type: 'release.requested', atMs, by, note } : null;
  }
  const callOff = { type: 'callOff.requested', atMs, by, note } as const;
  if (escalation.toldAtMs !== null) return callOff;
  if (order.confirm !== null) {
    if (order.confirm !== id.slice(-CONFIRMED_BY)) throw notConfirmed();
    return { ...callOff, isAlone: true };
  }
  const isSecond = escalation.decisions.some(
    (one) => one.what === 'callOffProposed' && !isSamePerson(one.by, by),
  );
  return isSecond ? callOff : { type: 'callOff.proposed', atMs, by, note };
}

/** @throws HoldfastError `HF_SECOND_PERSON_NEEDED` where the word of one person is kept, and is not enough. */
function decidedOf(
  event: CrisisWord | null,
  kept: KeptCrisis,
  isDurable: boolean,
  upstream: string | null = null,
): CrisisDecided {
  if (event?.type === 'callOff.proposed') throw secondPersonNeeded();
  const crisis = viewOf(kept, upstream);
  return { crisis, what: crisis.decisions.at(-1)?.what ?? 'released', isDurable };
}

function viewOf({ value, context }: KeptCrisis, upstream: string | null = null): CrisisView {
  const { id, type, subject, tier, attempt, failure, acceptedAtMs, settledAtMs } = context;
  const { sinceAtMs, cause, toldAtMs, steps, takenOn, decisions } = context.escalation;
  return {
    ...{ id, type, subject, tier, attempt, acceptedAtMs, settledAtMs, cause, decisions, upstream },
    ...{ toldAtMs, steps, takenOn },
    saidSafeAtMs: saidSafeAtMs(context.escalation),
    isTest: context.isTest === true,
    delivery: value.delivery,
    escalation: value.escalation,
    failure: failure?.code ?? null,
    escalatedAtMs: sinceAtMs,
  };
}

function over(): HoldfastError {
  return new HoldfastError(
    'HF_CRISIS_OVER',
    'The operation of that id is no crisis, or one that is over. Nothing was changed.',
    { field: 'id' },
  );
}

function notByItsSubject(): HoldfastError {
  return new HoldfastError(
    'HF_SECOND_PERSON_NEEDED',
    'A crisis is taken on, given back and called off by somebody else than its subject. Nothing was changed.',
    { field: 'by', withStack: false },
  );
}

function secondPersonNeeded(): HoldfastError {
  return new HoldfastError(
    'HF_SECOND_PERSON_NEEDED',
    `Nobody was told of this crisis yet: a second person has to call it off, too. Your word is kept, and the crisis goes on. Alone, confirm it by the last ${CONFIRMED_BY} characters of its id.`,
    { field: 'by', withStack: false },
  );
}

function notConfirmed(): HoldfastError {
  return new HoldfastError(
    'HF_OPTION_INVALID',
    `confirm must be the last ${CONFIRMED_BY} characters of the id of the crisis. Nothing was changed.`,
    { field: 'confirm', withStack: false },
  );
}

function held(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_HELD',
    'The store is held, and this crisis is from before that: release the store first (holdfast release).',
    { retry: 'later' },
  );
}

function notTakenOver(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    'The crisis is on disk and was not taken over yet. Ask again in a moment.',
    { retry: 'later' },
  );
}
