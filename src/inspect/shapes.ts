/**
 * The fields of operations, dead letters, conflicts, quarantined records and crises that leave for the inspector's page:
 * names, states, times, counts and codes. Never a subject, an entity, words of a person, or a message of an upstream, a
 * handler or a foreign error (AC-2, SE-5).
 *
 * @module
 */

import type {
  CrisisDecided,
  CrisisModeState,
  CrisisView,
  OperationView,
} from '../../actors/port.ts';
import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import type { HistoryEntry } from '../../machines/operation/syncOperationMachine.ts';
import type { Conflict, ConflictAbout, ConflictOutcome } from '../management/conflicts/conflict.ts';
import type { DeadLetter, DeadLetterDetails } from '../management/deadLetters/deadLetter.ts';
import type { Quarantined } from '../management/quarantine/quarantined.ts';

/** The history of an operation, without the place of an exception. */
const HISTORY = {
  each: {
    fields: {
      atMs: 'plain',
      what: 'plain',
      attempt: 'plain',
      code: 'plain',
      startedAtMs: 'plain',
      failureClass: 'plain',
    },
  },
} as const satisfies AnswerShape<readonly HistoryEntry[]>;

export const OPERATION = {
  fields: {
    id: 'plain',
    type: 'plain',
    tier: 'plain',
    priority: 'plain',
    state: 'plain',
    attempt: 'plain',
    acceptedAtMs: 'plain',
    settledAtMs: 'plain',
    wait: { fields: { reason: 'plain', sinceAtMs: 'plain', untilAtMs: 'plain' } },
    retryAtMs: 'plain',
    expiresAtMs: 'plain',
    failure: { fields: { code: 'plain' } },
    history: HISTORY,
  },
} as const satisfies AnswerShape<OperationView>;

const LETTER_FIELDS = {
  id: 'plain',
  type: 'plain',
  tier: 'plain',
  priority: 'plain',
  code: 'plain',
  attempts: 'plain',
  acceptedAtMs: 'plain',
  deadLetteredAtMs: 'plain',
  expiresAtMs: 'plain',
  mayBeApplied: 'plain',
} as const;

export const DEAD_LETTER = { fields: LETTER_FIELDS } as const satisfies AnswerShape<DeadLetter>;

export const DEAD_LETTER_DETAILS = {
  fields: { ...LETTER_FIELDS, history: HISTORY, hasPayload: 'plain' },
} as const satisfies AnswerShape<DeadLetterDetails>;

const CONFLICT_FIELDS = {
  id: 'plain',
  state: 'plain',
  entityType: 'plain',
  type: 'plain',
  reason: 'plain',
  openedAtMs: 'plain',
  questions: 'plain',
  isHeld: 'plain',
  operationId: 'plain',
  isToBeCarriedOut: 'plain',
} as const;

export const CONFLICT = { fields: CONFLICT_FIELDS } as const satisfies AnswerShape<Conflict>;

/** Sides without their names, for a device may be called after its owner; deciders by their role alone. */
export const CONFLICT_ABOUT = {
  fields: {
    ...CONFLICT_FIELDS,
    sides: { each: { fields: { atMs: 'plain', isOurs: 'plain' } } },
    decisions: {
      each: {
        fields: {
          kind: 'plain',
          by: { fields: { role: 'plain' } },
          atMs: 'plain',
          isCarriedOut: 'plain',
          operationId: 'plain',
          refusedFor: 'plain',
        },
      },
    },
  },
} as const satisfies AnswerShape<ConflictAbout>;

export const CONFLICT_OUTCOME = {
  fields: {
    id: 'plain',
    state: 'plain',
    isHeld: 'plain',
    isToBeCarriedOut: 'plain',
    operationId: 'plain',
  },
} as const satisfies AnswerShape<ConflictOutcome>;

export const QUARANTINED = {
  fields: {
    id: 'plain',
    code: 'plain',
    setAsideAtMs: 'plain',
    stood: 'plain',
    opensNot: 'plain',
    snapshot: { fields: { machine: 'plain', version: 'plain', state: 'plain' } },
  },
} as const satisfies AnswerShape<Quarantined>;

/** A crisis, with the roles of those who decided, and no names. */
export const CRISIS = {
  fields: {
    id: 'plain',
    type: 'plain',
    tier: 'plain',
    delivery: 'plain',
    escalation: 'plain',
    attempt: 'plain',
    failure: 'plain',
    acceptedAtMs: 'plain',
    escalatedAtMs: 'plain',
    cause: 'plain',
    upstream: 'plain',
    toldAtMs: 'plain',
    steps: {
      each: {
        fields: {
          name: 'plain',
          outcome: 'plain',
          calls: 'plain',
          atMs: 'plain',
          owedAtMs: 'plain',
        },
      },
    },
    takenOn: { fields: { by: { fields: { role: 'plain' } }, untilMs: 'plain' } },
    decisions: {
      each: { fields: { what: 'plain', by: { fields: { role: 'plain' } }, atMs: 'plain' } },
    },
    settledAtMs: 'plain',
  },
} as const satisfies AnswerShape<CrisisView>;

export const CRISIS_DECIDED = {
  fields: { crisis: CRISIS, what: 'plain', isDurable: 'plain' },
} as const satisfies AnswerShape<CrisisDecided>;

/** A crisis mode, without the person it is for. */
export const CRISIS_MODE = {
  fields: {
    id: 'plain',
    sinceAtMs: 'plain',
    endsAtMs: 'plain',
    isEnding: 'plain',
    isDurable: 'plain',
  },
} as const satisfies AnswerShape<CrisisModeState>;
