/**
 * The policies for people and programs: plain data, each value with its source.
 *
 * @module
 */

import { crisisTimeoutMs } from '../../machines/policy/crisis/crisisBounds.ts';
import type {
  PolicyReading,
  PolicyScope,
  PolicyTable,
} from '../../machines/policy/layers/policyTable.ts';
import type { Json } from '../../machines/vocabulary/json.ts';

/** One value in force. */
export interface PolicyView extends Omit<PolicyReading, 'value'> {
  /** `custom` for a function of the app. */
  readonly value: Json;
}

/**
 * @param handlers settings of handlers for their types, which override every layer
 */
export function policyViews(
  table: PolicyTable,
  scope: PolicyScope,
  handlers: ReadonlyMap<string, { readonly attemptTimeoutMs?: number | undefined }> = new Map(),
): readonly PolicyView[] {
  const ownMs = scope.type === undefined ? undefined : handlers.get(scope.type)?.attemptTimeoutMs;
  return table.explain(scope).map((reading): PolicyView => {
    if (reading.name !== 'attemptTimeoutMs' || ownMs === undefined) {
      const isCustom = typeof reading.value === 'function';
      return { ...reading, value: isCustom ? 'custom' : (reading.value as Json) };
    }
    const value = scope.tier === 'crisis' ? crisisTimeoutMs(ownMs) : ownMs;
    return { ...reading, value, layer: 'type', from: `handlers.${scope.type ?? ''}` };
  });
}
