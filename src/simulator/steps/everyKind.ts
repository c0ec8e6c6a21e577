/**
 * Every kind of step that a plan may have.
 *
 * @module
 */

import type { AnyStepKind } from '../scene/scene.ts';
import { APP } from './app.ts';
import { CALLS } from './calls.ts';
import { CLIENTS } from './clients.ts';
import { CRISES } from './crises.ts';
import { DISK } from './disk.ts';
import { EDITS } from './edits.ts';
import { NETWORK } from './network.ts';
import { OPTIONS } from './options.ts';
import { OTHER_HAND } from './otherHand.ts';
import { PEOPLE } from './people.ts';
import { PROCESSES } from './processes.ts';
import { UPSTREAMS } from './upstreams.ts';
import { WORK } from './work.ts';

/** Kinds of steps for any app. */
const AROUND = [...DISK, ...NETWORK, ...UPSTREAMS, ...PEOPLE, ...PROCESSES];
/** Kinds of steps for the simulator's own app, and for a user's app. */
export const OWN_KINDS: readonly AnyStepKind[] = [
  ...WORK,
  ...CRISES,
  ...EDITS,
  ...OPTIONS,
  ...AROUND,
  ...CLIENTS,
  ...CALLS,
  ...OTHER_HAND,
];
export const APP_KINDS: readonly AnyStepKind[] = [
  ...APP,
  ...AROUND.filter(({ isOfOwnApp }) => isOfOwnApp !== true),
];

export const everyKind: ReadonlyMap<string, AnyStepKind> = new Map(
  [...OWN_KINDS, ...APP].map((kind) => [kind.kind, kind]),
);
