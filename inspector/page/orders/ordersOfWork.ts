/**
 * The orders about one piece of work: an operation, a dead letter, a conflict, a record in quarantine; each with
 * what it does in words.
 *
 * @module
 */

import { type ConflictSeen, type LetterSeen, type OperationSeen, ORDER } from '../calls/calls.ts';
import { DECIDER, EVEN_IF_APPLIED, ORDERER } from './fields.ts';
import { type Order, plainOrder } from './order.ts';

/**
 * Orders about an operation that is not over.
 *
 * @param isInReview whether the outcome of an attempt is unknown, and a person decides about it
 */
export function ordersOfOperation(id: string, isInReview = false): readonly Order[] {
  return [isInReview ? answerReview(id) : retryOperation(id), cancelOperation(id)];
}

/** Answers a review, which a plain retry must not: it might apply the operation twice. */
function answerReview(id: string): Order {
  return {
    ...plainOrder(
      ORDER.retryOperation,
      'It was not applied: do it again',
      'Do this operation again, which may have been applied?',
      id,
    ),
    params: { id },
    isDestroying: true,
    fields: ORDERER,
    says: [
      'An attempt of it may have been applied at its upstream, which was not certain to know it again: look there first.',
      'You answer for it that it was not applied, or that twice does no harm: a payment that was applied is paid twice.',
      'It goes out again at its next turn.',
    ],
    done: toldOf('It goes out again.', 'It took no notice: it waits for no review any more.'),
  };
}

function retryOperation(id: string): Order {
  return {
    ...plainOrder(ORDER.retryOperation, 'Retry now', 'Try this operation again now?', id),
    params: { id },
    fields: ORDERER,
    says: [
      'It is tried again as soon as its upstream takes it, without waiting for the rest of its pause.',
      'Where it waits for something else, or is over, nothing changes.',
    ],
    done: toldOf(
      'It is tried again.',
      'It took no notice: it is over, or waits for something else.',
    ),
  };
}

function cancelOperation(id: string): Order {
  return {
    ...plainOrder(ORDER.cancelOperation, 'Cancel', 'Cancel this operation?', id),
    params: { id },
    fields: ORDERER,
    says: [
      'It ends as cancelled, and is not tried again.',
      'An attempt that runs is told to stop. What it has done at the upstream by then stays done.',
      'Work that waits behind it in its lane goes on.',
    ],
    done: toldOf(
      'It is cancelled, or ends once its attempt stops.',
      'It took no notice: it is over.',
    ),
  };
}

function toldOf(noticed: string, not: string): Order['done'] {
  return (result) => {
    const { tookNotice, operation } = (result ?? {}) as {
      readonly tookNotice?: boolean;
      readonly operation?: Pick<OperationSeen, 'state'>;
    };
    const state = operation === undefined ? '' : ` It is in ${operation.state} now.`;
    return `${tookNotice === false ? not : noticed}${state}`;
  };
}

/** Orders about a dead letter. */
export function ordersOfLetter({
  id,
  mayBeApplied,
}: Pick<LetterSeen, 'id' | 'mayBeApplied'>): readonly Order[] {
  const doubt = mayBeApplied
    ? ['An attempt of it may have been applied at the upstream: look there first.']
    : [];
  return [
    {
      ...plainOrder(ORDER.replayLetter, 'Replay', 'Replay this dead letter?', id),
      params: { id },
      says: [
        'It runs again as it was, under its old idempotency key, with its attempts counted from the beginning.',
        ...doubt,
        'It goes to the end of its lane, or keeps its place where it still holds the lane.',
      ],
      fields: [...(mayBeApplied ? [EVEN_IF_APPLIED] : []), ...ORDERER],
      done: () => 'It is on its way again.',
    },
    {
      ...plainOrder(ORDER.purgeLetter, 'Purge', 'Purge this dead letter for good?', id),
      params: { id },
      fields: ORDERER,
      isDestroying: true,
      says: [
        'The operation and its payload are forgotten. Nobody can replay it, and nothing brings it back.',
        ...doubt,
        'What it was to do is not done.',
      ],
      done: () => 'It is forgotten.',
    },
  ];
}

export interface ManyLetters {
  readonly filter: Readonly<Record<string, unknown>>;
  /** The dead letters in words: `all dead letters of payments.push`. */
  readonly which: string;
  /** Their number, from a dry run. */
  readonly count: number;
}

/**
 * An order about all dead letters that match, in pieces. To purge them their count has to be typed: they have no id
 * in common.
 */
export function orderOfLetters(
  what: 'replay' | 'purge',
  { filter, which, count }: ManyLetters,
): Order {
  const letters = count === 1 ? '1 dead letter' : `${count} dead letters`;
  const stopping =
    'It goes on in pieces and can be stopped between two of them. What is done by then stays done.';
  if (what === 'replay') {
    return {
      ...plainOrder(ORDER.replayLetters, 'Replay all', `Replay ${letters}?`, which),
      params: { filter },
      says: [
        `${letters} run again as they were, under their old idempotency keys.`,
        'What is given up again meanwhile is not taken up twice.',
        stopping,
      ],
      fields: [EVEN_IF_APPLIED, ...ORDERER],
      done: (result) => (typeof result === 'string' ? result : 'It is done.'),
    };
  }
  return {
    ...plainOrder(ORDER.purgeLetters, 'Purge all', `Purge ${letters} for good?`, String(count)),
    params: { filter },
    fields: ORDERER,
    isDestroying: true,
    says: [
      `${letters} and their payloads are forgotten: ${which}. Nothing brings them back.`,
      stopping,
    ],
    done: (result) => (typeof result === 'string' ? result : 'It is done.'),
  };
}

/** Orders about a conflict that its state allows. */
export function ordersOfConflict(conflict: ConflictSeen): readonly Order[] {
  const { id, state, sides, decisions = [] } = conflict;
  if (state !== 'resolved') return sides === undefined ? [] : [takeSide(conflict, sides)];
  return decisions.at(-1)?.kind === 'resolved' ? [undoConflict(id)] : [];
}

function takeSide({ id, isHeld, questions }: ConflictSeen, sides: Sides): Order {
  return {
    ...plainOrder(ORDER.resolveConflict, 'Take one side', 'Answer with what one side has?', id),
    params: { id },
    says: [
      'Wherever something is asked, the record gets what that side has. What nothing is asked about stays. What the other side wrote is kept with the conflict, and can be put back.',
      'This page does not show what the record holds. See it first: holdfast conflicts show ID',
      questions === 1
        ? 'The one question that is open is answered by it.'
        : `All ${questions} questions that are open are answered by it.`,
      isHeld
        ? 'The operation that waits for this decision goes on with it.'
        : 'What went out as merged is followed by another edit, where it differs.',
    ],
    fields: [
      {
        name: 'side',
        label: 'Side',
        help: 'Who wrote it, and when, by their own clock.',
        kind: 'choice',
        isNeeded: true,
        options: sides.map((side, at) => ({ value: at + 1, label: sideInWords(side) })),
      },
      ...DECIDER,
    ],
    done: outcomeInWords,
  };
}

type Sides = NonNullable<ConflictSeen['sides']>;

function sideInWords({ atMs, isOurs }: Sides[number]): string {
  const when = atMs === null ? 'nobody knows when' : new Date(atMs).toISOString().slice(0, 16);
  return `${isOurs ? 'This store' : 'The other side'}, ${when.replace('T', ' ')}${atMs === null ? '' : ' UTC'}`;
}

function undoConflict(id: string): Order {
  return {
    ...plainOrder(ORDER.undoConflict, 'Undo the decision', 'Take back what was decided?', id),
    params: { id },
    says: [
      'What was sent is followed by an edit that puts back what was before. What others wrote since stays.',
      'A decision that nothing has carried out yet is open again instead.',
      'Nothing is erased: both sides and every decision are kept.',
    ],
    fields: DECIDER,
    done: outcomeInWords,
  };
}

function outcomeInWords(result: unknown): string {
  const { operationId, isToBeCarriedOut } = (result ?? {}) as {
    readonly operationId?: string | null;
    readonly isToBeCarriedOut?: boolean;
  };
  if (typeof operationId === 'string') return `It is decided; operation ${operationId} carries it.`;
  return isToBeCarriedOut === true
    ? 'It is decided, and carried out as soon as that can be.'
    : 'It is decided.';
}

/** Orders about a record in quarantine. */
export function ordersOfQuarantined(id: string): readonly Order[] {
  return [
    {
      ...plainOrder(ORDER.retryQuarantined, 'Put back', 'Try to put this record back?', id),
      params: { id },
      fields: ORDERER,
      says: [
        'Where it can be opened and read now, it goes back to where it stood, with its lane and idempotency key.',
        'Where others are in its lane meanwhile, it goes to the end of it.',
        'Where it still can not be opened, nothing changes.',
      ],
      done: () => 'It is back where it stood.',
    },
    {
      ...plainOrder(ORDER.purgeQuarantined, 'Purge', 'Purge this record for good?', id),
      params: { id },
      fields: ORDERER,
      isDestroying: true,
      says: [
        'The record is forgotten as it lies on disk, with all that may be in it. Nothing brings it back.',
        'Export it first, if a key may yet be found: holdfast quarantine export',
      ],
      done: () => 'It is forgotten.',
    },
  ];
}
