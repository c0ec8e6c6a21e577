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
import type { Json } from '../../machines/vocabulary/shape.ts';

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

/** Latencies that are kept of each kind, the newest ones. */
const SAMPLES_MAX = 1_024;

export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How long callers waited for an answer, by tier and for crises: the newest {@link SAMPLES_MAX} of each. */
export class ResponseTimes {
  readonly #samples = new Map<string, { count: number; readonly latest: Float64Array }>();

  /** @param kinds `crisis`, and the name of each tier */
  constructor(kinds: readonly string[]) {
    for (const kind of kinds) {
      this.#samples.set(kind, { count: 0, latest: new Float64Array(SAMPLES_MAX) });
    }
  }

  record(kind: string, elapsedMs: number): void {
    const samples = this.#samples.get(kind);
    if (samples === undefined) return;
    samples.latest[samples.count % SAMPLES_MAX] = elapsedMs;
    samples.count += 1;
  }

  summary(kind: string): LatencySummary {
    const { count, latest } = this.#samples.get(kind) ?? { count: 0, latest: new Float64Array(0) };
    const sorted = latest.slice(0, Math.min(count, SAMPLES_MAX)).toSorted();
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { count, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }
}
