/**
 * The way from what earlier versions of a chart kept to what the present one keeps (PS-3).
 *
 * A change of a chart's context, or the loss of one of its states, needs the next `version` in the
 * chart and a step here; test/actors/charts/snapshotFixtures.test.ts fails without them. What a row holds is
 * only read anew: it is written in the present form when the row is next written.
 *
 * @module
 */

/** What is kept of a snapshot. */
export interface KeptState {
  readonly value: unknown;
  readonly context: unknown;
}

/** One version of a chart to a later one. */
export interface SnapshotMigration {
  readonly from: string;
  readonly to: string;
  /** Pure. Throws for what it can't read, which is then set aside. */
  readonly migrate: (kept: KeptState) => KeptState;
}

/** By the id of the machine, oldest step first. */
export type SnapshotMigrations = Readonly<Record<string, readonly SnapshotMigration[]>>;

/** Every chart that is kept is still at its first version. */
export const SNAPSHOT_MIGRATIONS: SnapshotMigrations = {};

/** The state after every step that leads on from `version`, and the version that was reached. */
export function migrateKept(
  steps: readonly SnapshotMigration[],
  version: string,
  kept: KeptState,
): { readonly version: string; readonly kept: KeptState } {
  let reached = { version, kept };
  for (const { from, to, migrate } of steps) {
    if (from === reached.version) reached = { version: to, kept: migrate(reached.kept) };
  }
  return reached;
}
