/**
 * Crisis mode as those see it who switch it on, end it, or look at it (CR-6).
 *
 * @module
 */

import type {
  CrisisModeEvent,
  CrisisModeSnapshot,
} from '../../machines/crisisMode/crisisModeMachine.ts';
import type { ModeOn } from '../../machines/policy/crisis/crisisMode.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { CrisisModeChanged } from '../facts/crisisFacts.ts';

/** An order to switch crisis mode on, with its defaults filled in. */
export interface CrisisModeOrder {
  /** Whom it is for; `null` for everybody. */
  readonly subject: string | null;
  readonly by: Person;
  readonly reason: string | null;
  readonly forMs: number;
}

/** Crisis mode that is on. */
export interface CrisisModeState {
  /** Stands for it in facts, which never say whom it is for. */
  readonly id: string;
  /** Whom it is for; `null` for everybody. */
  readonly subject: string | null;
  /** Person who switched it on or prolonged it last. */
  readonly by: Person;
  readonly reason: string | null;
  /** In milliseconds since the epoch, as is `endsAtMs`. */
  readonly sinceAtMs: number;
  readonly endsAtMs: number;
  /** Whether it ends soon unless somebody prolongs it. */
  readonly isEnding: boolean;
  /** Whether it is on disk as it is here. Where it is not, it is in force all the same, and a restart forgets it. */
  readonly isDurable: boolean;
}

/** What became of an order to end it. */
export interface CrisisModeEnd {
  /** False where it was not on. */
  readonly wasOn: boolean;
  /** That it is off is on disk. Where it is not, a restart before that has it on again. */
  readonly isDurable: boolean;
}

/** Each order is in force for this process when the call returns; its promise says whether it is durable. */
export interface CrisisModeOrders {
  /** All that are on, that of everybody first, then the earliest. */
  readonly states: readonly CrisisModeState[];
  /** @throws HoldfastError (rejects) `HF_CLOSED`, `HF_OPTION_INVALID` where it is on for too many. */
  enter(order: CrisisModeOrder): Promise<CrisisModeState>;
  /** @throws HoldfastError (rejects) `HF_SECOND_PERSON_NEEDED`, `HF_CLOSED`. */
  leave(subject: string | null, by: Person): Promise<CrisisModeEnd>;
}

/** Crisis mode in health, which says nothing of whom it is for. */
export interface CrisisModeHealth {
  /** That of everybody; `null` while it is off. */
  readonly global: Omit<CrisisModeState, 'id' | 'subject'> | null;
  /** For how many subjects it is on. */
  readonly subjects: number;
  /** How many of all these a restart would forget, since they are not on disk yet. */
  readonly unkept: number;
}

export function crisisModeHealth(states: readonly CrisisModeState[]): CrisisModeHealth {
  const global = states.find(({ subject }) => subject === null);
  return {
    global: global === undefined ? null : withoutSubject(global),
    subjects: states.length - (global === undefined ? 0 : 1),
    unkept: states.filter(({ isDurable }) => !isDurable).length,
  };
}

function withoutSubject({
  id: _id,
  subject: _subject,
  ...rest
}: CrisisModeState): CrisisModeHealth['global'] {
  return rest;
}

/** What people are told of an event; `null` where nothing. */
export function whatChanged(
  before: ModeOn | null,
  { value, context: { on } }: CrisisModeSnapshot,
  event: CrisisModeEvent | undefined,
): CrisisModeChanged['what'] | null {
  switch (event?.type) {
    case 'person.entered':
      return before === null ? 'entered' : 'prolonged';
    case 'person.left':
      return on === null ? 'left' : 'refused';
    case 'warning.due':
    case 'timeout.due':
      if (on === null) return 'timedOut';
      return value === 'ending' && event.type === 'warning.due' ? 'ending' : null;
    default:
      return null;
  }
}

export function secondPersonNeeded(): HoldfastError {
  return new HoldfastError(
    'HF_SECOND_PERSON_NEEDED',
    'Crisis mode is ended by somebody else than its subject and all who switched it on or prolonged it, or by its time-out; another spelling of an id is no second person. It is still on.',
    { field: 'by', withStack: false },
  );
}
