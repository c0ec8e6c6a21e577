/**
 * Turns facts into what `onError` is told: the one place that decides what a person hears of, in which
 * words, and how often (HM-4, first version).
 *
 * @module
 */

import { STORAGE_ADVICE } from '../../machines/policy/service/storageTrouble.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AlertParts } from './alertParts.ts';
import { tellOfEscalations } from './crisisNews.ts';
import { tellOfExceptions } from './exceptionNews.ts';
import { tellOfBlockedLoop } from './loopNews.ts';
import { tellOfStuckWork } from './stuckNews.ts';
import { tellOfWaiting } from './waitingNews.ts';

/** From here on `onAlert` is told of what a person has to know. */
export function raiseAlerts(parts: AlertParts): void {
  const { facts, onAlert } = parts;
  tellOfWaiting(parts);
  tellOfExceptions(parts);
  tellOfBlockedLoop(parts);
  tellOfEscalations(parts);
  tellOfStuckWork(parts);
  facts.tap('failure.noted', (error) => {
    onAlert(error, 'failure.noted');
  });
  facts.tap('component.failed', (_, error) => {
    onAlert(error, 'component.failed');
  });
  facts.tap('start.failed', (cause) => {
    onAlert(cause, 'start.failed');
  });
  facts.tap('supervisor.alerted', ({ component, reason }) => {
    onAlert(alert(`Alert: ${reason} (${component ?? 'runtime'}).`), 'supervisor.alerted');
  });
  facts.tap('storage.changed', (_, to, error) => {
    // A writer that has ended is a component that failed, and told of as that.
    if (error?.code === 'HF_STORE_UNAVAILABLE') return;
    onAlert(error ?? alert(`Alert: ${STORAGE_ADVICE[to]}.`), 'storage.changed');
  });
  facts.tap('store.held', (_, told) => {
    onAlert(told, 'store.held');
  });
  facts.tap('record.quarantined', (id, code) => {
    onAlert(
      new HoldfastError(
        'HF_RECORD_TAMPERED',
        `Operation ${id} can't be opened (${code}); it was set aside and the others go on. See holdfast quarantine.`,
        { withStack: false },
      ),
      'record.quarantined',
    );
  });
  facts.tap('crisis.refused', (cause) => {
    onAlert(refusedCrisis(cause), 'crisis.refused');
  });
  facts.tap('crisis.mended', (_, leftOut) => {
    onAlert(
      new HoldfastError(
        'HF_CRISIS_MENDED',
        `A crisis breaks a rule of requests and is delivered with what is sound in it. Left out, or not as it was given: ${leftOut.join(', ')}. Correct the app that sends it.`,
        { withStack: false },
      ),
      'crisis.mended',
    );
  });
  facts.tap('crisis.manySubjects', (caller, subjects) => {
    onAlert(
      alert(
        `Alert: with the ${caller === 'page' ? 'pagesToken' : 'token'} of crisis.outside.http, ${subjects} different subjects were asked for within ten minutes. All were answered. ` +
          'Where it is no such day, somebody may be guessing people: look who has the token, and give another.',
      ),
      'crisis.manySubjects',
    );
  });
  tellOfFirstNewer(parts);
}

/** One is enough: health counts them all. */
function tellOfFirstNewer({ facts, onAlert }: AlertParts): void {
  let isTold = false;
  facts.tap('record.newer', (id) => {
    if (isTold) return;
    isTold = true;
    onAlert(
      new HoldfastError(
        'HF_RECORD_NEWER',
        `Operation ${id} was written by a later version of holdfast. It is left as it is, and so are others like it: run that version, or a later one. Health counts them.`,
        { retry: 'later', withStack: false },
      ),
      'record.newer',
    );
  });
}

function refusedCrisis(cause: HoldfastError): HoldfastError {
  return new HoldfastError(
    'HF_CRISIS_REFUSED',
    `A crisis was answered, and is neither stored nor delivered: ${cause.code}${cause.field === undefined ? '' : ` (${cause.field})`}. Somebody has to look after the person.`,
    { field: cause.field, cause, withStack: false },
  );
}

function alert(message: string): HoldfastError {
  return new HoldfastError('HF_ALERT', message);
}
