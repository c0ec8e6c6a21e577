/**
 * Turns facts into what `onError` gets: the one place that decides which facts a person is alerted of, how often, and
 * what is said beside the sentence of the fact (HM-4, CR-4, CR-5).
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { FactKind } from './fact.ts';
import type { Material } from './factTable.ts';
import { factSaid } from './factWords.ts';
import { Seldom } from './seldom.ts';
import { type AlertParts, tellOfWaiting } from './waitingNews.ts';

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
  raise('record.quarantined', () => ({
    code: 'HF_RECORD_TAMPERED',
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
