/**
 * What a run of the bench comes to.
 *
 * @module
 */

export interface Figures {
  readonly system: string;
  /** From the refusal of a write to the upstream's word that what came of it is taken, in milliseconds each. */
  readonly conflicts: number[];
  /** From hearing of another's version to its being merged with what is here, in milliseconds each. */
  readonly remoteChanges: number[];
  /** Rounds of the edits that met a conflict. */
  rounds: number;
  /** From the last refusal to the moment at which all devices hold what the upstream holds. */
  allEqualMs: number;
  /** From the moment at which the first device is online. */
  totalMs: number;
  /** Of this process, from then on: sending, merging, stores and HTTP. */
  cpuMs: number;
  /** Edits of which nothing is left. */
  lost: number;
  edits: number;
  /** How many of them were sent while it was measured. */
  sent: number;
  /** Records of which a device holds something else than the upstream. */
  unequal: number;
}

export function newFigures(system: string): Figures {
  return {
    system,
    conflicts: [],
    remoteChanges: [],
    rounds: 0,
    allEqualMs: 0,
    totalMs: 0,
    cpuMs: 0,
    lost: 0,
    edits: 0,
    sent: 0,
    unequal: 0,
  };
}
