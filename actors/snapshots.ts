/**
 * Snapshots as they are kept: wrapped with the machine's id and version, which XState's own lack
 * (PS-3).
 *
 * @module
 */

import type { AnyStateMachine, SnapshotFrom } from 'xstate';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import type { Json } from '../machines/vocabulary/json.ts';

/** What is sealed for an operation or a component. */
interface KeptSnapshot {
  readonly machine: string;
  readonly version: string;
  readonly value: unknown;
  readonly context: unknown;
  /** What an operation's upstream answered; only once it has settled. */
  readonly response?: Json | undefined;
}

/** The text to keep for a snapshot that has no children. `value` may name the state to wake up in. */
export function encodeSnapshot(
  machine: AnyStateMachine,
  snapshot: { readonly value: unknown; readonly context: unknown },
  extra: { readonly value?: string | undefined; readonly response?: Json | undefined } = {},
): string {
  const kept: KeptSnapshot = {
    machine: machine.id,
    version: machine.version ?? '',
    value: extra.value ?? snapshot.value,
    context: snapshot.context,
    response: extra.response,
  };
  return JSON.stringify(kept);
}

export interface DecodedSnapshot<M extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<M>;
  readonly response: Json | undefined;
}

/**
 * Undoes {@link encodeSnapshot}.
 *
 * @throws HoldfastError `HF_RECORD_UNSUPPORTED` for another machine, another version, or a state that
 * this version does not have; `HF_RECORD_MALFORMED` for what is no snapshot at all.
 */
export function decodeSnapshot<M extends AnyStateMachine>(
  machine: M,
  text: string,
): DecodedSnapshot<M> {
  const kept = parse(text);
  if (kept.machine !== machine.id || kept.version !== (machine.version ?? '')) {
    throw new HoldfastError(
      'HF_RECORD_UNSUPPORTED',
      `A record was written by ${kept.machine} version ${kept.version}; this program runs ${machine.id} version ${machine.version}. Run the program that wrote it, or a newer one.`,
    );
  }
  // XState itself lets some values pass that name no state; every chart that is kept is flat.
  const { value, context, response } = kept;
  if (typeof value !== 'string' || !Object.hasOwn(machine.states, value)) {
    throw new HoldfastError(
      'HF_RECORD_UNSUPPORTED',
      `A record of ${machine.id} names a state that version ${machine.version} does not have.`,
    );
  }
  return { snapshot: machine.resolveState({ value, context }) as SnapshotFrom<M>, response };
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
