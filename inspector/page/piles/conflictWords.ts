/**
 * Conflicts, quarantine and crises in words.
 *
 * @module
 */

const REASONS: Readonly<Record<string, string>> = {
  conflict: 'The upstream had another version than the one that the edit was based on.',
  predecessor:
    'An earlier edit was merged or given up, changes of others arrived, or the rules ask about the edit itself.',
  outcomeUnknown: 'An attempt may have been applied, and the upstream has something else now.',
  rounds: 'The record changed at the upstream each time before the merged value arrived.',
  silent: 'This store had no contact with the upstream for longer than removals are remembered.',
  elsewhere:
    'Another device asks, and its question came with the record: it has the values of both sides.',
  mergeFailed: 'The rules of the entity failed, or returned no valid record.',
  unreadable: 'The answer of the upstream is no valid record.',
};

/** The reason of a conflict, in a sentence; an unknown reason stays as it is. */
export function conflictReason(reason: string): string {
  return REASONS[reason] ?? reason;
}

type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

const STATES: Readonly<Record<string, readonly [Tone, string]>> = {
  awaitingReview: ['warn', 'Waits for a decision'],
  quarantined: ['bad', 'Could not be merged'],
  resolved: ['good', 'Decided'],
};

export function conflictState(state: string): readonly [Tone, string] {
  return STATES[state] ?? ['quiet', state];
}

const CODES: Readonly<Record<string, string>> = {
  HF_RECORD_TAMPERED: 'It was changed on disk, or damaged.',
  HF_RECORD_MALFORMED: 'It is not a record of holdfast, or only part of one.',
  HF_RECORD_UNSUPPORTED: 'It has a version that this process can’t read.',
  HF_RECORD_NEWER: 'A later version of holdfast wrote it.',
  HF_KEY_UNKNOWN: 'It is sealed under a key that is not in the keyring.',
  HF_KEY_WRONG: 'It is sealed under another key.',
};

/** Why a record can't be opened, in a sentence; `null` for an unknown code. */
export function codeInWords(code: string): string | null {
  return CODES[code] ?? null;
}

const CAUSES: Readonly<Record<string, string>> = {
  attemptsUsedUp: 'Its fast attempts were used up.',
  notInTime: 'It was not delivered in time.',
  unreadable: 'Its record can’t be read.',
};

/** Why a crisis has escalated. */
export function causeInWords(cause: string): string {
  return CAUSES[cause] ?? cause;
}

const DECISIONS: Readonly<Record<string, string>> = {
  noted: 'wanted, before anybody was notified,',
  acknowledged: 'taken on',
  released: 'given back',
  callOffProposed: 'to be called off, as one of two persons has it,',
  calledOff: 'called off',
  resolved: 'decided',
  undone: 'taken back',
};

/** Decisions of a person that end a crisis. */
export const ENDING: Readonly<Record<string, true>> = { calledOff: true };

/** `Decided by a clinician`. */
export function decisionInWords(what: string, role: string | undefined): string {
  const done = DECISIONS[what] ?? what;
  const by = role === undefined ? 'somebody' : `somebody with the role ${role}`;
  return `${done.slice(0, 1).toUpperCase()}${done.slice(1)} by ${by}`;
}
