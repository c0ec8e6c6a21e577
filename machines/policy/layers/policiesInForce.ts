/**
 * The policies that are in force in a process, which can be changed while it runs: what decides by
 * them reads them at that moment, and what keeps some is notified of the change.
 *
 * @module
 */

import type { PolicyTable } from './policyTable.ts';

export class PoliciesInForce {
  /** Policies in force; a field, since they are read with each operation. Set by {@link change} alone. */
  table: PolicyTable;
  readonly #listeners: ((table: PolicyTable) => void)[] = [];

  constructor(table: PolicyTable) {
    this.table = table;
  }

  /** From now on these are in force. */
  change(table: PolicyTable): void {
    this.table = table;
    for (const listener of this.#listeners) listener(table);
  }

  /** Has `listener` called after each change. */
  onChange(listener: (table: PolicyTable) => void): void {
    this.#listeners.push(listener);
  }
}
