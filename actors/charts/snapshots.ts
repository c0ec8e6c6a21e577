/**
 * Snapshots as they are kept: wrapped with the machine's id and version, which XState's own lack
 * (PS-3).
 *
 * @module
 */

import type { AnyStateMachine, SnapshotFrom, StateValue } from 'xstate';
import { isCrisisContext } from '../../machines/crisis/crisisShape.ts';
import { isOperationContext } from '../../machines/operation/syncOperationShape.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Standing } from '../../machines/vocabulary/standing.ts';
import { NOTHING_SAID, type Said } from '../../machines/vocabulary/upstreamAnswer.ts';
import {
  type KeptState,
  migrateKept,
  SNAPSHOT_MIGRATIONS,
  type SnapshotMigrations,
} from './snapshotMigrations.ts';

/** The charts of which anything may be kept in a store of millions, by any version. */
const SHAPES: Readonly<Record<string, (context: unknown) => boolean>> = {
  syncOperation: isOperationContext,
  crisis: isCrisisContext,
};

/** What is sealed for an operation or a component. */
interface KeptSnapshot extends KeptState, Said {
  readonly machine: string;
  readonly version: string;
}

/** The text to keep for a snapshot that has no children, and for what an operation's upstream said. */
export function encodeSnapshot(
  machine: AnyStateMachine,
  { value, context }: { readonly value: unknown; readonly context: unknown },
  said?: Said,
): string {
  return textOfSnapshot(machine, value, JSON.stringify(context), said);
}

/** The same, with a context that is text already: it may be kept in several states. */
export function textOfSnapshot(
  { id, version = '' }: AnyStateMachine,
  value: unknown,
  contextText: string,
  { response, answer }: Said = NOTHING_SAID,
): string {
  // Ids, versions and names of states are plain words; this runs for every write.
  const state = typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
  const responded = response === undefined ? '' : `,"response":${JSON.stringify(response)}`;
  const answered = answer === undefined ? '' : `,"answer":${JSON.stringify(answer)}`;
  return `{"machine":"${id}","version":"${version}","value":${state},"context":${contextText}${responded}${answered}}`;
}

export interface DecodedSnapshot<M extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<M>;
  readonly said: Said;
}

/**
 * Undoes {@link encodeSnapshot}, bringing what an earlier version kept up to date.
 *
 * @throws HoldfastError `HF_RECORD_NEWER` for a later version of the machine; `HF_RECORD_UNSUPPORTED` for another machine, a version from which no
 * migration leads here, or a state that this version does not have; `HF_RECORD_MALFORMED` for what is
 * no snapshot at all, or no context of an operation or a crisis.
 */
export function decodeSnapshot<M extends AnyStateMachine>(
  machine: M,
  text: string,
  how: {
    readonly migrations?: SnapshotMigrations | undefined;
    /** Where the row of an operation stands, for a version whose state alone did not tell. */
    readonly standing?: Standing | undefined;
  } = {},
): DecodedSnapshot<M> {
  const stored = parse(text);
  if (isNewer(machine, stored)) throw newerRecord(machine);
  const { migrations = SNAPSHOT_MIGRATIONS, standing } = how;
  const kept = migrated(machine, { ...stored, standing }, migrations);
  if (kept === null) {
    throw new HoldfastError(
      'HF_RECORD_UNSUPPORTED',
      `A record was written by ${stored.machine} version ${stored.version}; this program runs ${machine.id} version ${machine.version}. Run the program that wrote it, or a newer one.`,
    );
  }
  // XState itself lets some values pass that name no state.
  const { value, context } = kept;
  if (!namesState(machine, value)) {
    throw new HoldfastError(
      'HF_RECORD_UNSUPPORTED',
      `A record of ${machine.id} names a state that version ${machine.version} does not have.`,
    );
  }
  if (SHAPES[machine.id]?.(context) === false) {
    throw new HoldfastError(
      'HF_RECORD_MALFORMED',
      `A record of ${machine.id} holds what that chart can't run with.`,
    );
  }
  const snapshot = machine.resolveState({ value, context }) as SnapshotFrom<M>;
  const { response, answer } = stored;
  return { snapshot, said: { response, answer } };
}

/** Every chart that is kept is flat, or has flat regions. */
function namesState({ root, states }: AnyStateMachine, value: unknown): value is StateValue {
  if (root.type !== 'parallel') return typeof value === 'string' && Object.hasOwn(states, value);
  if (typeof value !== 'object' || value === null) return false;
  const regions = Object.entries(value as Readonly<Record<string, unknown>>);
  return (
    regions.length === Object.keys(states).length &&
    regions.every(
      ([region, state]) =>
        typeof state === 'string' && Object.hasOwn(states[region]?.states ?? {}, state),
    )
  );
}

/** Whether a later version of this machine wrote it; a state that is new may come without a new version. */
function isNewer(machine: AnyStateMachine, { machine: id, version, value }: KeptSnapshot): boolean {
  if (id !== machine.id) return false;
  const own = Number(machine.version ?? '');
  if (Number(version) > own) return true;
  return version === machine.version && isName(value) && !Object.hasOwn(machine.states, value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** What the present version of the machine keeps; `null` where nothing leads to it. */
function migrated(
  machine: AnyStateMachine,
  stored: KeptSnapshot & { readonly standing: Standing | undefined },
  migrations: SnapshotMigrations,
): KeptState | null {
  if (stored.machine !== machine.id) return null;
  const steps = Object.hasOwn(migrations, machine.id) ? migrations[machine.id] : undefined;
  try {
    const { version, kept } = migrateKept(steps ?? [], stored.version, stored, stored.standing);
    return version === (machine.version ?? '') ? kept : null;
  } catch {
    return null;
  }
}

/** The error for a snapshot that a later version of the machine wrote; `null` for any other text. */
export function newerRecordIn(machine: AnyStateMachine, text: string): HoldfastError | null {
  try {
    return isNewer(machine, parse(text)) ? newerRecord(machine) : null;
  } catch {
    return null;
  }
}

function newerRecord(machine: AnyStateMachine): HoldfastError {
  return new HoldfastError(
    'HF_RECORD_NEWER',
    `A record was written by a later version of ${machine.id} than this program runs (${machine.version}). It is left as it is: run the program that wrote it, or a newer one.`,
    { retry: 'later', withStack: false },
  );
}

/** What a snapshot of any version says of itself; `null` for what is none. Nothing of its context. */
export function headOfSnapshot(
  text: string,
): { readonly machine: string; readonly version: string; readonly state: string } | null {
  try {
    const { machine, version, value } = parse(text);
    return { machine, version, state: nameOf(value) };
  } catch {
    return null;
  }
}

/** Of a chart with regions the states of all, in the order in which they were kept. */
function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const regions = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return regions.filter(isName).join(' ');
}

function parse(text: string): KeptSnapshot {
  let kept: unknown;
  try {
    kept = JSON.parse(text);
  } catch {
    kept = null;
  }
  if (
    typeof kept !== 'object' ||
    kept === null ||
    typeof (kept as KeptSnapshot).machine !== 'string' ||
    typeof (kept as KeptSnapshot).context !== 'object' ||
    (kept as KeptSnapshot).context === null
  ) {
    throw new HoldfastError('HF_RECORD_MALFORMED', 'A record holds no snapshot.');
  }
  return kept as KeptSnapshot;
}
