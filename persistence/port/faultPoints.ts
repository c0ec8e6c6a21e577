/**
 * Named points in the real code at which a test can make the process die, fail or stall, so that
 * crash tests crash where it matters and not only at random moments. Nothing is armed unless a program
 * calls {@link armFaultPoint} or {@link armThreads}, which only tests, benches and the process under drill
 * of `holdfast crisis-drill` do: no option, file or variable of the environment reaches a point. An unarmed point costs one comparison.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/**
 * The points of operations, in the order in which one operation passes them, each with the state of things there.
 *
 * After a crash at any of them every acknowledged operation is on disk, every effect was ordered on disk before it
 * began, and every reported outcome is on disk; a phantom is allowed, a hole never
 * (test/oracle/simulation/crashPoints.property.test.ts, test/oracle/restart/faultPoints.test.ts).
 */
const OPERATION_POINTS = {
  'open.beforeClaim': 'The store is open; the mark of its new owner is not on disk yet.',
  'open.afterClaim': 'The mark is on disk: the owner before is fenced off.',
  'engine.beforeAccept': 'A request has passed its checks; its acceptance is not ordered yet.',
  'journal.beforePost': 'A batch of writes is on its way to the store.',
  'store.beforeRaise':
    'The head of a lane is about to get the rank of one behind it, in the transaction that made it so.',
  'store.beforeCommit': 'The transaction is complete and not committed.',
  'store.afterCommit': 'It is on disk and synced; nobody knows yet.',
  'store.beforeAck': 'The writer is about to answer.',
  'journal.beforeTell': 'The engine knows that a write is durable; who waits for it does not yet.',
  'engine.afterAccept': 'An acceptance is durable; its caller does not know yet.',
  'engine.beforeOrder': 'An attempt has its turn; its number is not ordered yet.',
  'engine.afterOrder': 'The number of the attempt is durable; the attempt has not begun.',
  'engine.beforeAttempt': 'The handler is about to be called.',
  'engine.afterAttempt': 'The handler has answered or failed; the operation does not know yet.',
  'engine.beforeRest': 'It has to wait; where and until when is not ordered yet.',
  'engine.afterRest': 'It is durable where it waits and until when; its actor is still there.',
  'engine.beforeSettle': 'It has ended; the ending is not ordered yet.',
  'engine.afterSettle': 'The ending is durable; nobody knows yet, and its lane is not passed on.',
  'engine.beforeReport': 'The outcome is about to be reported to those who watch.',
  'queue.afterClaim': 'Rows that are due were fetched; none has its turn yet.',
  'recovery.beforeRevive': 'A row that a dead process had in hand is about to be taken up.',
  'recovery.afterRevive': 'All that a dead process had in hand is taken up.',
} as const;
/**
 * The points of an edit and of its conflict, in the order in which one passes them. A crash at any of them loses
 * nothing that a side wrote, and sends no body twice (test/actors/conflict/editCrashes.test.ts,
 * test/oracle/restart/edits.test.ts).
 */
const CONFLICT_POINTS = {
  'conflict.beforeCompare': 'An edit has its turn; what is known of its record is not read yet.',
  'conflict.afterCompare': 'Its body is decided; nothing of that is ordered yet.',
  'conflict.beforeFetch': 'It rests for a conflict; the upstream is about to be asked.',
  'conflict.afterFetch': 'The upstream has answered; nothing of that is kept yet.',
  'conflict.afterHeard': 'What the upstream holds is durable; the two are not merged yet.',
  'conflict.beforeKeep': 'Both sides are merged; nothing of that is kept yet.',
  'conflict.afterKeep': 'Both sides are durable; the edit does not know yet.',
  'conflict.afterTell': 'The edit has its new body; that is not durable yet.',
  'conflict.beforeRecord': 'The upstream has taken an edit; what it holds now is not kept yet.',
  'conflict.afterRecord': 'What the upstream holds now is durable; the ending of the edit is not.',
} as const;
/** The points of a schema migration, in order. */
const MIGRATION_POINTS = {
  'migration.beforeBackup': 'The file is of an older version; nothing was changed.',
  'migration.afterBackup': 'A checked copy of the file is durable; the file is as it was.',
  'migration.beforeCommit': 'Every step is done inside the transaction, which is not committed.',
  'migration.afterCommit': 'The new version is on disk; nothing was done with it yet.',
} as const;
export type FaultPoint =
  | keyof typeof OPERATION_POINTS
  | keyof typeof CONFLICT_POINTS
  | keyof typeof MIGRATION_POINTS;
export const OPERATION_FAULT_POINTS = Object.keys(OPERATION_POINTS) as readonly FaultPoint[];
export const CONFLICT_FAULT_POINTS = Object.keys(CONFLICT_POINTS) as readonly FaultPoint[];
export const MIGRATION_FAULT_POINTS = Object.keys(MIGRATION_POINTS) as readonly FaultPoint[];
export const FAULT_POINTS: readonly FaultPoint[] = [
  ...OPERATION_FAULT_POINTS,
  ...CONFLICT_FAULT_POINTS,
  ...MIGRATION_FAULT_POINTS,
];

/**
 * The action at a point: SIGKILL, an error (`HF_STORE_UNAVAILABLE`), a stall of the thread that passes it, as by a
 * hanging disk, or the end of a simulated process.
 */
export type FaultAction = 'kill' | 'throw' | { readonly stallMs: number } | (() => void);

interface Fault {
  /** Passages left until it strikes. */
  countdown: number;
  readonly action: FaultAction;
}

/** `null` while nothing is armed, which is always so outside tests. */
let armed: Map<FaultPoint, Fault> | null = null;

/** Marks a point at which a test may strike. */
export function faultPoint(name: FaultPoint): void {
  if (armed !== null) pass(armed, name);
}

/** A fault of a thread that is not started yet. */
export interface PlannedFault {
  readonly name: FaultPoint;
  readonly countdown: number;
  readonly action: Exclude<FaultAction, () => void>;
}

let planned: readonly PlannedFault[] = [];

/** Plans what each writer thread that this one starts from here on is armed with. */
export function armThreads(faults: readonly PlannedFault[]): void {
  planned = faults;
}

/** The planned faults to start a thread with. */
export function faultsOfThreads(): readonly PlannedFault[] {
  return planned;
}

/**
 * Arms a point in this thread: it strikes once, at the passage numbered `countdown` (1 is the next).
 */
export function armFaultPoint(name: FaultPoint, countdown: number, action: FaultAction): void {
  armed ??= new Map();
  armed.set(name, { countdown, action });
}

/** Disarms every point of this thread. */
export function disarmFaultPoints(): void {
  armed = null;
}

function pass(faults: Map<FaultPoint, Fault>, name: FaultPoint): void {
  const fault = faults.get(name);
  if (fault === undefined) return;
  fault.countdown -= 1;
  if (fault.countdown > 0) return;
  faults.delete(name);
  if (faults.size === 0) armed = null;
  strike(name, fault.action);
}

function strike(name: FaultPoint, action: FaultAction): void {
  if (typeof action === 'function') {
    action();
    return;
  }
  if (action === 'throw') {
    throw new HoldfastError('HF_STORE_UNAVAILABLE', `A fault was planted at ${name}.`, {
      retry: 'later',
    });
  }
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  // After a kill the thread must not run on while the signal is on its way.
  standStill(action === 'kill' ? Number.POSITIVE_INFINITY : action.stallMs);
}

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
