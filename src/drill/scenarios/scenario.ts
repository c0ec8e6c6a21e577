/**
 * What a scenario of the drill is.
 *
 * @module
 */

import type { Stage } from '../stage/stage.ts';

export interface Scenario {
  /** The name that `--only` takes. */
  readonly name: string;
  readonly title: string;
  /** How the fault is provoked, for the report. */
  readonly means: string;
  /** How long crises come, in the full drill and in its short form. */
  readonly seconds: { readonly full: number; readonly short: number };
  /** How many crises come, where they are not as many as in most. */
  readonly crises?: { readonly full: number; readonly short: number };
  /** What the time to delivery is measured from, where that is not the answer. */
  readonly wellMeans?: string;
  /** Needs a disk that can be filled. */
  readonly needsSmallDisk?: boolean;
  /** For Node, in the process under drill. */
  readonly nodeOptions?: readonly string[];
  /** The process under drill has no more descriptors, for files and connections together. */
  readonly descriptorsMax?: number;
  /** In an earlier process, which is killed after it: gives the numbers of the crises that it has kept. */
  readonly prepare?: (stage: Stage) => Promise<readonly number[]>;
  /** Makes the runtime, provokes the fault, and sends the crises. */
  readonly run: (stage: Stage) => Promise<void>;
}
