/**
 * What a call gives that asks something of one operation.
 *
 * @module
 */

import type { OperationView, Wish } from '../../../actors/port.ts';
import type { Ordered } from '../call/params.ts';
import type { ManagedStore } from '../call/targets.ts';

export interface Told {
  /** False where it took no notice: it has ended, or waits for something else. */
  readonly tookNotice: boolean;
  /** As it stands after that. */
  readonly operation: OperationView;
}

/** Durable once this resolves. @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_QUARANTINED`, `HF_RECORD_NEWER`. */
export async function tellOperation(
  { records }: ManagedStore,
  { id, by }: Ordered & { readonly id: string },
  wish: Wish,
): Promise<Told> {
  const tookNotice = await records.tell(id, wish, by);
  return { tookNotice, operation: await records.view(id) };
}
