/**
 * The orders about one piece of work: an operation, a dead letter, a conflict, a record in quarantine; each with
 * what it does in words.
 *
 * @module
 */

import { type ConflictSeen, type LetterSeen, type OperationSeen, ORDER } from '../calls/calls.ts';
import { DECIDER, EVEN_IF_APPLIED, ORDERER, type Order, plainOrder } from './order.ts';

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
      'Repeat this operation, which may have been applied?',
      id,
    ),
    params: { id },
    isDestroying: true,
    fields: ORDERER,
    says: [
      'An attempt may have been applied at its upstream, which may not recognize a repetition: check there first.',
      'You are responsible for it not being applied, or for twice doing no harm: an applied payment would be paid twice.',
      'It goes out again at its next turn.',
    ],
    done: toldOf('It goes out again.', 'Nothing changed: it no longer waits for a review.'),
  };
}

function retryOperation(id: string): Order {
  return {
    ...plainOrder(ORDER.retryOperation, 'Retry now', 'Retry this operation now?', id),
    params: { id },
    fields: ORDERER,
    says: [
      'It is retried as soon as its upstream takes it, without waiting for the rest of its pause.',
      'If it waits for something else, or is over, nothing changes.',
    ],
    done: toldOf('It is retried.', 'Nothing changed: it is over, or waits for something else.'),
  };
}

function cancelOperation(id: string): Order {
  return {
    ...plainOrder(ORDER.cancelOperation, 'Cancel', 'Cancel this operation?', id),
    params: { id },
    fields: ORDERER,
    says: [
      'It ends as cancelled, and is not retried.',
      'A running attempt is aborted. What it has done at the upstream by then stays done.',
      'Work behind it in its lane goes on.',
    ],
    done: toldOf(
      'It is cancelled, or ends once its attempt stops.',
      'Nothing changed: it is over.',
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
    ? ['An attempt may have been applied at the upstream: check there first.']
    : [];
  return [
    {
      ...plainOrder(ORDER.replayLetter, 'Replay', 'Replay this dead letter?', id),
      params: { id },
      says: [
        'It runs again as it was, under its old idempotency key, with its attempts counted from the beginning.',
        ...doubt,
        'It goes to the end of its lane, or keeps its place if it still holds the lane.',
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
        'The operation and its payload are erased. Nobody can replay it, and nothing can restore it.',
        ...doubt,
        'Its work stays undone.',
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
    'It is done in pieces, and can be stopped between them. What is done by then stays done.';
  if (what === 'replay') {
    return {
      ...plainOrder(ORDER.replayLetters, 'Replay all', `Replay ${letters}?`, which),
      params: { filter },
      says: [
        `${letters} run again as they were, under their old idempotency keys.`,
        'Operations that are given up again meanwhile are not replayed twice.',
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
      `${letters} and their payloads are erased: ${which}. Nothing can restore them.`,
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
    ...plainOrder(
      ORDER.resolveConflict,
      'Take one side',
      'Answer with the values of one side?',
      id,
    ),
    params: { id },
    says: [
      'For each question, the record gets the value of that side. Everything else stays. The values of the other side are kept with the conflict, and can be restored.',
      'This page does not show the values of the record. See them first: holdfast conflicts show ID',
      questions === 1
        ? 'It answers the one open question.'
        : `It answers all ${questions} open questions.`,
      isHeld
        ? 'The operation that waits for this decision goes on with it.'
        : 'If the merged value that went out differs, another edit follows.',
    ],
    fields: [
      {
        name: 'side',
        label: 'Side',
        help: 'The author and the time of each side, by its own clock.',
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
    ...plainOrder(ORDER.undoConflict, 'Undo the decision', 'Undo this decision?', id),
    params: { id },
    says: [
      'An edit restores the value from before. Later changes of others stay.',
      'A decision that was not carried out yet is opened again instead.',
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
    ? 'It is decided, and carried out as soon as possible.'
    : 'It is decided.';
}

/** Orders about a record in quarantine. */
export function ordersOfQuarantined(id: string): readonly Order[] {
  return [
    {
      ...plainOrder(ORDER.retryQuarantined, 'Put back', 'Try to restore this record?', id),
      params: { id },
      fields: ORDERER,
      says: [
        'If it can be opened and read now, it returns to its place, with its lane and idempotency key.',
        'If others are in its lane meanwhile, it goes to the end of the lane.',
        'If it still can’t be opened, nothing changes.',
      ],
      done: () => 'It is back in its place.',
    },
    {
      ...plainOrder(ORDER.purgeQuarantined, 'Purge', 'Purge this record for good?', id),
      params: { id },
      fields: ORDERER,
      isDestroying: true,
      says: [
        'The record is erased from disk, with everything in it. Nothing can restore it.',
        'Export it first, if its key may still be found: holdfast quarantine export',
      ],
      done: () => 'It is forgotten.',
    },
  ];
}
