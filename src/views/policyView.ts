/**
 * The policies as people and programs read them: plain data, each value with where it came from.
 *
 * @module
 */

import type {
  PolicyReading,
  PolicyScope,
  PolicyTable,
} from '../../machines/policy/layers/policyTable.ts';
import type { Json } from '../../machines/vocabulary/json.ts';

/** One value that is in force. */
export interface PolicyView extends Omit<PolicyReading, 'value'> {
  /** `custom` for a function of the app. */
  readonly value: Json;
}

/**
 * @param handlers what handlers say of their types; it holds before every layer
 */
export function policyViews(
  table: PolicyTable,
  scope: PolicyScope,
  handlers: ReadonlyMap<string, { readonly attemptTimeoutMs?: number | undefined }> = new Map(),
): readonly PolicyView[] {
  const ownMs = scope.type === undefined ? undefined : handlers.get(scope.type)?.attemptTimeoutMs;
  return table.explain(scope).map((reading): PolicyView => {
    const value = typeof reading.value === 'function' ? 'custom' : (reading.value as Json);
    if (reading.name !== 'attemptTimeoutMs' || ownMs === undefined) return { ...reading, value };
    return { ...reading, value: ownMs, layer: 'type', from: `handlers.${scope.type ?? ''}` };
  });
}
