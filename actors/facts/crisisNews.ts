/**
 * Tells of crises that are not delivered: that one has escalated or can't be read, that a step could not be told, and
 * that nobody is left to be told (CR-4, CR-5). Of many of a kind one is told of a minute; health counts them all.
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { AlertParts } from './alertParts.ts';
import type { FactKind } from './fact.ts';
import { Seldom } from './seldom.ts';

const WHY = {
  attemptsUsedUp: 'its fast attempts are used up',
  notInTime: 'it was not delivered in time',
} as const;

const HOW = {
  notHeard: 'could not be told',
  maybeHeard: 'did not answer in time',
  refused: 'refuses to be told',
} as const;

/** Where somebody sees them, and what there is to do. */
const SEE = 'See holdfast crises, acknowledge it there, and look after the person.';

export function tellOfEscalations({ facts, clock, onAlert }: AlertParts): void {
  const seldom = new Seldom(clock);
  const tell = (kind: FactKind, make: (more: string) => HoldfastError, step = ''): void => {
    const leftOut = seldom.leftOut(`${kind} ${step}`);
    if (leftOut === null) return;
    onAlert(make(leftOut === 0 ? '' : ` ${leftOut} more since this was last told.`), kind);
  };
  facts.tap('crisis.escalated', (its, _upstream, cause) => {
    const make = (more: string): HoldfastError =>
      escalated(`${named(its)} is not delivered: ${WHY[cause]}. It is tried on.${more}${see(its)}`);
    tell('crisis.escalated', make, kindOf(its));
  });
  facts.tap('crisis.unreadable', (id, code) => {
    tell('crisis.unreadable', (more) =>
      escalated(
        `Crisis ${id} can't be read (${code}), and may not have been delivered.${more} See holdfast crises, look after the person, and restore it or purge it (holdfast quarantine).`,
      ),
    );
  });
  facts.tap('crisis.exhausted', (its) => {
    const make = (more: string): HoldfastError =>
      escalated(
        `${named(its)}: nobody has taken it on, and nobody is left in crisis.escalation to be told until the chain begins anew.${more}${see(its)}`,
      );
    tell('crisis.exhausted', make, kindOf(its));
  });
  facts.tap('crisis.stepFailed', (its, _upstream, { name, why, makesWay }, thrown) => {
    const make = (more: string): HoldfastError => {
      const next = makesWay ? ', and the next step is told' : '';
      const error = escalated(
        `The step ${name} of crisis.escalation ${HOW[why]}, for ${named(its).toLowerCase()}. It is called again${next}.${more}`,
      );
      // For code that asks for it, and not for what prints whole errors: its message may hold anything (SE-5).
      Object.defineProperty(error, 'cause', { get: () => thrown });
      return error;
    };
    tell('crisis.stepFailed', make, `${name} ${why} ${kindOf(its)}`);
  });
}

type Its = Pick<CrisisContext, 'id' | 'isTest'>;

function named({ id, isTest }: Its): string {
  return isTest === true ? `Test ${id}, in which nobody is in danger,` : `Crisis ${id}`;
}

/** A trial run keeps no word of a real crisis back. */
function kindOf({ isTest }: Its): string {
  return isTest === true ? 'test' : '';
}

function see({ isTest }: Its): string {
  return isTest === true ? '' : ` ${SEE}`;
}

function escalated(message: string): HoldfastError {
  return new HoldfastError('HF_CRISIS_ESCALATED', message, { withStack: false });
}
