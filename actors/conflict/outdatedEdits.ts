/**
 * Edits that wait since newer rules than those of this program wrote their record: what those wrote stays as it is, and
 * they go out once the program has the rules (CF-4). In memory: each process finds them itself.
 *
 * @module
 */

import type { EntityRecord } from '../../machines/conflict/entityRecord.ts';
import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';

/** Which rules are wanted. */
export interface WantedRules {
  readonly entityType: string;
  /** The version of the rules that wrote the record. */
  readonly wanted: number;
  /** The one that this program has. */
  readonly has: number;
}

/** Edits of one kind of record that wait for newer rules. */
export interface OutdatedEdits extends WantedRules {
  /** How many wait, those behind them in their lanes aside. */
  readonly count: number;
  /** Whether there are crisis plans among them: these are in force in answers of this process. */
  readonly arePlans: boolean;
}

interface Held extends WantedRules {
  readonly isPlan: boolean;
}

/** Which rules an edit of a record waits for; `null` where those that are there will do. */
export function rulesWantedFor(
  record: EntityRecord | null,
  rules: EntityRules,
): WantedRules | null {
  const wanted = record?.isGone === true ? 1 : (record?.current?.meta?.rules ?? 1);
  const { type: entityType, version: has } = rules;
  return wanted > has ? { entityType, wanted, has } : null;
}

export class HeldForRules {
  /** By operation. */
  readonly #held = new Map<string, Held>();

  hold(operationId: string, rules: WantedRules, isPlan: boolean): void {
    this.#held.set(operationId, { ...rules, isPlan });
  }

  /** Forgets an edit that goes on, or has ended. */
  release(operationId: string): void {
    this.#held.delete(operationId);
  }

  /** What it waits for; `undefined` where it does not. */
  of(operationId: string): WantedRules | undefined {
    return this.#held.get(operationId);
  }

  /** By kind of record. */
  health(): readonly OutdatedEdits[] {
    const byType = new Map<string, OutdatedEdits>();
    for (const { entityType, wanted, has, isPlan } of this.#held.values()) {
      const before = byType.get(entityType);
      byType.set(entityType, {
        entityType,
        wanted: Math.max(wanted, before?.wanted ?? 0),
        has,
        count: (before?.count ?? 0) + 1,
        arePlans: isPlan || before?.arePlans === true,
      });
    }
    return [...byType.values()];
  }
}
