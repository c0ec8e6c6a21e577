/**
 * The entity that an operation changes.
 *
 * @module
 */

/** The thing an operation changes. Operations of one entity form a lane and run in order (OP-4). */
export interface Entity {
  readonly type: string;
  readonly id: string;
}
