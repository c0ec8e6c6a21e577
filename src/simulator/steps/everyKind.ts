/**
 * Every kind of step that a plan may have.
 *
 * @module
 */

import type { AnyStepKind } from '../scene/scene.ts';
import { CLIENTS } from './clients.ts';
import { DISK } from './disk.ts';
import { EDITS } from './edits.ts';
import { NETWORK } from './network.ts';
import { PEOPLE } from './people.ts';
import { PROCESSES } from './processes.ts';
import { UPSTREAMS } from './upstreams.ts';
import { WORK } from './work.ts';

export const everyKind: ReadonlyMap<string, AnyStepKind> = new Map(
  [...WORK, ...EDITS, ...DISK, ...NETWORK, ...UPSTREAMS, ...PEOPLE, ...PROCESSES, ...CLIENTS].map(
    (kind) => [kind.kind, kind],
  ),
);
