/**
 * Snapshots as they are kept: with the id, version and hash of their chart, which XState's own lack (PS-3).
 *
 * The version orders: a record of a later one is left as it is. The hash tells a record that another build of the same
 * version wrote from one that is damaged (docs/decisions/0256).
 *
 * @module
 */

import type { AnyStateMachine, SnapshotFrom, StateValue } from 'xstate';
import { isCrisisContext } from '../../machines/crisis/crisisShape.ts';
import { isOperationContext } from '../../machines/operation/syncOperationShape.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { innermostNames, valueOfNames } from '../../machines/vocabulary/innermost.ts';
import { NOTHING_SAID, type Said } from '../../machines/vocabulary/upstreamAnswer.ts';

/** The kept part of a snapshot. */
export interface KeptState {
  readonly value: unknown;
  readonly context: unknown;
}

/** The step from one version of a chart to a later one. */
export interface SnapshotMigration {
  readonly from: string;
  readonly to: string;
  /** Pure. Throws for what it can't read; the record is then quarantined. */
  readonly migrate: (kept: KeptState) => KeptState;
}

/** By the id of the machine, oldest step first. */
export type SnapshotMigrations = Readonly<Record<string, readonly SnapshotMigration[]>>;

/**
 * Empty: nothing was released. From the first release on, a change of a chart's context, or the loss of one of its
 * states, needs the next `version` in the chart and a step here; until then it edits version 1. A record is migrated as
 * it is read, and written in the present form when its row is next written.
 */
const SNAPSHOT_MIGRATIONS: SnapshotMigrations = {};

/** Checks of contexts that may come from any program. */
const SHAPES: Readonly<Record<string, (context: unknown) => boolean>> = {
  syncOperation: isOperationContext,
  crisis: isCrisisContext,
};

/** The sealed text of an operation or a component. */
interface KeptSnapshot extends KeptState, Said {
  readonly machine: string;
  readonly version: string;
  /** The hash of the chart that wrote it. */
  readonly chart?: unknown;
}

/** Encodes a snapshot that has no children, with the answer of the operation's upstream. */
export function encodeSnapshot(
  machine: AnyStateMachine,
  { value, context }: { readonly value: unknown; readonly context: unknown },
  { response, answer }: Said = NOTHING_SAID,
): string {
  const text = headOfText(machine, value) + JSON.stringify(context);
  if (response === undefined && answer === undefined) return `${text}}`;
  const responded = response === undefined ? '' : `,"response":${JSON.stringify(response)}`;
  const answered = answer === undefined ? '' : `,"answer":${JSON.stringify(answer)}`;
  return `${text}${responded}${answered}}`;
}

/** The text of a snapshot up to its context: the same for all in this state, and asked for with every write. */
export function headOfText(machine: AnyStateMachine, value: unknown): string {
  let heads = HEADS.get(machine);
  if (heads === undefined) {
    heads = new Map();
    HEADS.set(machine, heads);
  }
  const names = typeof value === 'string' ? value : innermostNames(machine, value as StateValue);
  const state = typeof names === 'string' ? names : JSON.stringify(names);
  let head = heads.get(state);
  if (head === undefined) {
    const { id, version = '' } = machine;
    // Ids, versions and names of states are plain words.
    const quoted = typeof names === 'string' ? `"${names}"` : state;
    head = `{"machine":"${id}","version":"${version}","chart":"${hashOf(machine)}","value":${quoted},"context":`;
    heads.set(state, head);
  }
  return head;
}

/** By machine and state. */
const HEADS = new WeakMap<AnyStateMachine, Map<string, string>>();

export interface DecodedSnapshot<M extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<M>;
  readonly said: Said;
}

/**
 * Undoes {@link encodeSnapshot}, bringing what an earlier version kept up to date.
 *
 * @throws HoldfastError `HF_RECORD_NEWER` for a later version of the machine, and for what another build of this version
 * wrote and this one can't run; `HF_RECORD_UNSUPPORTED` for another machine, a version that no step leads on from, or a
 * state that this version does not have; `HF_RECORD_MALFORMED` for what is no snapshot, or no context of an operation or
 * a crisis.
 */
export function decodeSnapshot<M extends AnyStateMachine>(
  machine: M,
  text: string,
  migrations: SnapshotMigrations = SNAPSHOT_MIGRATIONS,
): DecodedSnapshot<M> {
  const stored = parse(text);
  if (isNewer(machine, stored)) throw newerRecord(machine);
  const kept = migrated(machine, stored, migrations);
  if (kept === null) {
    throw new HoldfastError(
      'HF_RECORD_UNSUPPORTED',
      `A record was written by ${stored.machine} version ${stored.version}; this program runs ${machine.id} version ${machine.version}. Run the program that wrote it, or a newer one.`,
    );
  }
  const { value, context } = kept;
  const snapshot = resolved(machine, value, context);
  if (isHoldfastError(snapshot)) {
    throw isOfAnotherBuild(machine, stored) ? newerRecord(machine) : snapshot;
  }
  const { response, answer } = stored;
  return { snapshot, said: { response, answer } };
}

/** The snapshot with this state and context; an error where the chart can't run with them. */
function resolved<M extends AnyStateMachine>(
  machine: M,
  names: unknown,
  context: unknown,
): SnapshotFrom<M> | HoldfastError {
  // XState itself lets some values pass that name no state.
  const value = valueOfNames(machine, names);
  if (value === null) {
    return new HoldfastError(
      'HF_RECORD_UNSUPPORTED',
      `A record of ${machine.id} names a state that version ${machine.version} does not have.`,
    );
  }
  if (SHAPES[machine.id]?.(context) === false) {
    return new HoldfastError(
      'HF_RECORD_MALFORMED',
      `A record of ${machine.id} holds what that chart can't run with.`,
    );
  }
  return machine.resolveState({ value, context }) as SnapshotFrom<M>;
}

/** True for a record that a later version of this chart wrote; a new state may come without a new version. */
function isNewer(machine: AnyStateMachine, { machine: id, version, value }: KeptSnapshot): boolean {
  if (id !== machine.id) return false;
  const own = Number(machine.version ?? '');
  if (Number(version) > own) return true;
  return version === machine.version && isName(value) && valueOfNames(machine, value) === null;
}

/** True for a record of this version that a chart with another hash wrote: another build. */
function isOfAnotherBuild(machine: AnyStateMachine, stored: KeptSnapshot): boolean {
  const { machine: id, version, chart } = stored;
  const isOwn = id === machine.id && version === machine.version;
  return isOwn && typeof chart === 'string' && chart !== hashOf(machine);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The kept state after every step that leads on from its version; `null` where none leads to the present one. */
function migrated(
  machine: AnyStateMachine,
  stored: KeptSnapshot,
  migrations: SnapshotMigrations,
): KeptState | null {
  if (stored.machine !== machine.id) return null;
  const steps = Object.hasOwn(migrations, machine.id) ? (migrations[machine.id] ?? []) : [];
  let { version } = stored;
  let kept: KeptState = stored;
  try {
    for (const { from, to, migrate } of steps) {
      if (from === version) [version, kept] = [to, migrate(kept)];
    }
  } catch {
    return null;
  }
  return version === (machine.version ?? '') ? kept : null;
}

const hashes = new WeakMap<object, string>();
/** Fields of a chart that people read and nothing runs on. */
const WORDS = new Set(['description', 'meta', 'version']);

/** Eight hexadecimal digits (FNV-1a) of what a chart does; worked out once. */
function hashOf({ config }: AnyStateMachine): string {
  let digits = hashes.get(config);
  if (digits === undefined) {
    const text = JSON.stringify(config, (key, value: unknown) =>
      WORDS.has(key) ? undefined : value,
    );
    let hash = 0x81_1c_9d_c5;
    for (let at = 0; at < text.length; at += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93);
    }
    digits = (hash >>> 0).toString(16).padStart(8, '0');
    hashes.set(config, digits);
  }
  return digits;
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
    `A record was written by a later version or another build of ${machine.id} than this program runs (${machine.version}). It is left as it is: run the program that wrote it, or a newer one.`,
    { retry: 'later', withStack: false },
  );
}

/** Machine, version and state of a snapshot of any version; `null` for any other text. Nothing of its context. */
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

/** The name of a state; of a chart with regions those of all, in the order in which they were kept. */
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
