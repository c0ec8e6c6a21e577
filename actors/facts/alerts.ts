/**
 * Turns facts into what `onError` gets: the one place that decides which facts a person is alerted of, how often, and
 * what is said beside the sentence of the fact (HM-4, CR-4, CR-5).
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import {
  type AskingReason,
  asksForSomebody,
  asksNow,
  STATE_WAITING_FOR,
} from '../../machines/operation/waitReason.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { FactKind } from './fact.ts';
import type { FactTaps } from './factStream.ts';
import type { Material } from './factTable.ts';
import { factSaid } from './factWords.ts';

interface AlertParts {
  readonly facts: FactTaps;
  readonly clock: Clock;
  /** Receives what a person has to know, and the kind of the fact that it is about. */
  readonly onAlert: OnAlert;
}

type OnAlert = (error: unknown, kind: FactKind) => void;

/** The first one raises an alert at once, and those that follow within this time share one. */
const TOGETHER_MS = 10_000;
/** This many raise an alert without waiting for more. */
const TOGETHER_MAX = 1_000;

const OF_OPERATION = { kind: 'operation.parked', what: 'Operation' } as const;

/** What a person is asked for: a reason of an operation to wait, or the decision of a conflict. */
type Asked = AskingReason | 'decision';

/** The texts for each: what it is and does, why, and what to do. */
const NEWS: Readonly<
  Record<
    Asked,
    {
      readonly code: ErrorCode;
      readonly kind: FactKind;
      readonly what: string;
      readonly as: string;
      readonly why: string;
    }
  >
> = {
  conflict: {
    ...OF_OPERATION,
    as: ` as ${STATE_WAITING_FOR.conflict}`,
    code: 'HF_CONFLICT',
    why: 'the upstream has another version. Decide: retryNow() or cancel(); until then its lane waits, too',
  },
  review: {
    ...OF_OPERATION,
    as: ` as ${STATE_WAITING_FOR.review}`,
    code: 'HF_OUTCOME_UNKNOWN',
    why: 'it may have been applied, and may not be safe to repeat. Check the upstream, then retryNow() or cancel(); until then its lane waits, too',
  },
  handler: {
    ...OF_OPERATION,
    as: ` as ${STATE_WAITING_FOR.handler}`,
    code: 'HF_HANDLER_UNKNOWN',
    why: 'no handler of its type is registered, and a function given to executeResilientSync ends with its process. Register one in handlers or with runtime.handle(), or cancel()',
  },
  decision: {
    kind: 'conflict.awaitsReview',
    what: 'Conflict',
    as: ' for a decision',
    code: 'HF_CONFLICT',
    why: 'both sides of a record are kept, since the rules do not decide. See holdfast conflicts, and decide there or with runtime.conflicts.resolve()',
  },
};

export function tellOfWaiting({ facts, clock, onAlert }: AlertParts): void {
  const news = new WaitingNews(clock, onAlert);
  facts.tap('operation.parked', (context, _upstream, _reason, waitsFor) => {
    if (asksNow(waitsFor, context)) news.began(context.id, waitsFor);
  });
  facts.tap('operation.resumed', ({ id }, _upstream, waitedFor) => {
    if (asksForSomebody(waitedFor)) news.ended(id, waitedFor);
  });
  facts.tap('conflict.awaitsReview', ({ conflictId }) => {
    news.began(conflictId, 'decision');
  });
  facts.tap('conflict.quarantined', ({ conflictId }) => {
    news.began(conflictId, 'decision');
  });
  facts.tap('conflict.resolved', ({ conflictId }) => {
    news.ended(conflictId, 'decision');
  });
  facts.tap('runtime.stopped', () => {
    news.flush();
  });
}

class WaitingNews {
  readonly #clock: Clock;
  readonly #onAlert: OnAlert;
  readonly #untold = new Map<Asked, Set<string>>();
  #isPlanned = false;
  #nextAtMs = 0;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, onAlert: OnAlert) {
    this.#clock = clock;
    this.#onAlert = onAlert;
  }

  ended(id: string, reason: Asked): void {
    this.#untold.get(reason)?.delete(id);
  }

  began(id: string, reason: Asked): void {
    const ids = this.#untold.get(reason) ?? new Set();
    this.#untold.set(reason, ids.add(id));
    if (ids.size >= TOGETHER_MAX) this.flush();
    else this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    // A little later: the operation may only pass through this state.
    const waitMs = Math.max(0, this.#nextAtMs - this.#clock.monotonic());
    this.#cancel = this.#clock.schedule(waitMs, () => {
      this.#tell();
    });
  }

  /** Raises the alerts that are due, now. */
  flush(): void {
    this.#cancel();
    if (this.#isPlanned) this.#tell();
  }

  #tell(): void {
    this.#isPlanned = false;
    for (const [reason, ids] of this.#untold) {
      const [first] = ids;
      if (first === undefined) continue;
      const more = ids.size - 1;
      const { code, kind, what, as, why } = NEWS[reason];
      const who = more === 0 ? `${what} ${first} waits` : `${what} ${first} and ${more} more wait`;
      this.#nextAtMs = this.#clock.monotonic() + TOGETHER_MS;
      const error = new HoldfastError(code, `${who}${as}: ${why}.`, { withStack: false });
      this.#onAlert(error, kind);
    }
    this.#untold.clear();
  }
}

const TOLD_EVERY_MS = 60_000;
/** Kinds that are counted apart; any beyond count as one. */
const KINDS_MAX = 200;
const OTHERS = 'others';

interface CountedKind {
  toldAtMs: number;
  untold: number;
}

class Seldom {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #kinds = new Map<string, CountedKind>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Counts one more of a kind: returns how many were left out since the last alert; `null` to leave it out, too. */
  leftOut(name: string): number | null {
    const nowMs = this.#clock.monotonic();
    const kind = this.#kindOf(name);
    if (nowMs - kind.toldAtMs < TOLD_EVERY_MS) {
      kind.untold += 1;
      return null;
    }
    const { untold } = kind;
    kind.toldAtMs = nowMs;
    kind.untold = 0;
    return untold;
  }

  #kindOf(name: string): CountedKind {
    const key = this.#kinds.has(name) || this.#kinds.size < KINDS_MAX ? name : OTHERS;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    const kind: CountedKind = { toldAtMs: Number.NEGATIVE_INFINITY, untold: 0 };
    this.#kinds.set(key, kind);
    return kind;
  }
}

/** How the alert of one fact is made. */
interface Alert {
  readonly code: ErrorCode;
  /** What the sentence of the fact begins with. */
  readonly before?: string;
  /** What a person should do, as sentences. */
  readonly advice?: string;
  /** A key of alerts of one kind; each comes at most once a minute. Left out: every fact is an alert. */
  readonly each?: string;
  /** Says how many were left out. */
  readonly more?: (count: number) => string;
  readonly error?: ConstructorParameters<typeof HoldfastError>[2];
  /** What a function of the app threw: for code that asks for the cause, and in no message, since it may hold anything (SE-5). */
  readonly thrown?: { readonly cause: unknown };
}

const SEE_CRISES = 'See holdfast crises, acknowledge it there, and look after the person.';

export function raiseAlerts(parts: AlertParts): void {
  const { facts, clock, onAlert } = parts;
  const seldom = new Seldom(clock);
  const raise = <Kind extends FactKind>(
    kind: Kind,
    alertOf: (...material: Material<Kind>) => Alert | null,
  ): void => {
    facts.tap(kind, (...material) => {
      const alert = alertOf(...material);
      const leftOut =
        alert?.each === undefined ? 0 : seldom.leftOut(`${kind} ${alert.each}`.trim());
      if (alert === null || leftOut === null) return;
      onAlert(errorOf(alert, factSaid(kind, ...material), leftOut), kind);
    });
  };
  tellOfWaiting(parts);
  facts.tap('failure.noted', (error) => {
    onAlert(error, 'failure.noted');
  });
  facts.tap('component.failed', (_, error) => {
    onAlert(error, 'component.failed');
  });
  facts.tap('start.failed', (cause) => {
    onAlert(cause, 'start.failed');
  });
  facts.tap('store.held', (_, error) => {
    onAlert(error, 'store.held');
  });
  facts.tap('storage.changed', (from, to, error) => {
    // A writer that has ended is a component that failed, and raises the alert of that.
    if (error?.code === 'HF_STORE_UNAVAILABLE') return;
    const said = factSaid('storage.changed', from, to, null);
    onAlert(error ?? errorOf({ code: 'HF_ALERT' }, said), 'storage.changed');
  });
  raise('supervisor.alerted', () => ({ code: 'HF_ALERT' }));
  raise('record.quarantined', (_, code) => ({
    code: code === 'HF_RECORD_STALE' ? code : 'HF_RECORD_TAMPERED',
    advice: 'See holdfast quarantine.',
  }));
  // One is enough: health counts them all.
  let isNewerSaid = false;
  raise('record.newer', () => {
    if (isNewerSaid) return null;
    isNewerSaid = true;
    return {
      code: 'HF_RECORD_NEWER',
      advice: 'Others like it are left, too: run that version, or a later one. Health counts them.',
      error: { retry: 'later' },
    };
  });
  raise('crisis.refused', (cause) => ({
    code: 'HF_CRISIS_REFUSED',
    advice: `${cause.field === undefined ? '' : `The cause is in ${cause.field}. `}Somebody has to look after the person.`,
    error: { field: cause.field, cause },
  }));
  raise('crisis.mended', (_, leftOut) => ({
    code: 'HF_CRISIS_MENDED',
    advice: `They are: ${leftOut.join(', ')}. Correct the app that sends it.`,
  }));
  raise('crisis.manySubjects', () => ({
    code: 'HF_ALERT',
    advice:
      'Unless many people are in danger today, somebody may be guessing names: find out who has the token, and replace it.',
  }));
  raise('handler.threw', ({ type }, _upstream, exception, cause) => ({
    code: 'HF_ATTEMPT_FAILED',
    each: `${type} ${exception}`,
    more: (count) => `It did so ${count} times since this was last told.`,
    advice: 'It is retried as long as its retry policy allows: mend the handler before that.',
    error: { retry: 'later' },
    thrown: { cause },
  }));
  raise('eventLoop.blocked', () => ({
    code: 'HF_ALERT',
    each: '',
    more: (count) => `It was so ${count} times since this was last told.`,
    advice:
      'Look for what computes for long without a pause: a handler, a listener, other code of the app.',
  }));
  raise('work.stuck', (upstream) => ({
    code: 'HF_WORK_STUCK',
    each: upstream,
    advice: 'Nothing is lost: a restart of the process takes it up. Please report this defect.',
  }));
  raise('crisis.escalated', (its) => ofCrisis(its));
  raise('crisis.exhausted', (its) => ofCrisis(its));
  raise('crisis.stepFailed', (its, _upstream, { name, why }, cause) => ({
    ...ofCrisis(its, `${name} ${why}`),
    advice: '',
    thrown: { cause },
  }));
  raise('crisis.unreadable', () => ({
    code: 'HF_CRISIS_ESCALATED',
    each: '',
    advice:
      'See holdfast crises, look after the person, and restore it or purge it (holdfast quarantine).',
  }));
}

/** A trial run keeps no alert of a real crisis back. */
function ofCrisis({ isTest }: Pick<CrisisContext, 'id' | 'isTest'>, each = ''): Alert {
  return isTest === true
    ? {
        ...{ code: 'HF_CRISIS_ESCALATED', each: `${each} test` },
        before: 'Test run, in which nobody is in danger: ',
      }
    : { code: 'HF_CRISIS_ESCALATED', each, advice: SEE_CRISES };
}

function errorOf(alert: Alert, said: string, leftOut = 0): HoldfastError {
  const { code, advice = '', error, thrown, more } = alert;
  const before = alert.before ?? (code === 'HF_ALERT' ? 'Alert: ' : '');
  const sentence = before === '' ? said.slice(0, 1).toUpperCase() + said.slice(1) : before + said;
  const left =
    leftOut === 0 ? '' : (more?.(leftOut) ?? `${leftOut} more since this was last told.`);
  const text = [`${sentence}.`, left, advice].filter(Boolean).join(' ');
  const made = new HoldfastError(code, text, { withStack: false, ...error });
  if (thrown !== undefined) Object.defineProperty(made, 'cause', { get: () => thrown.cause });
  return made;
}
