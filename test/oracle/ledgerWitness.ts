/**
 * Tells the oracle what is new in a ledger server's requests and effects.
 *
 * @module
 */

import type { TraceEvent } from '../../src/simulator/oracle/trace.ts';
import type { LedgerServer } from '../support/process/ledgerServer.ts';

export class LedgerWitness {
  readonly #ledger: LedgerServer;
  #requests: number;
  #effects: number;

  /** A ledger's memory of an earlier life is no news. */
  constructor(ledger: LedgerServer) {
    this.#ledger = ledger;
    this.#requests = ledger.requests.length;
    this.#effects = ledger.effects.length;
  }

  /** Requests and effects keep their order among themselves, but not with each other. */
  *news(): Generator<TraceEvent> {
    const { requests, effects, mismatched } = this.#ledger;
    for (const { number, ...rest } of requests.slice(this.#requests)) {
      yield { event: 'attempted', task: number, ...rest };
    }
    for (const { number, ...rest } of effects.slice(this.#effects)) {
      yield { event: 'applied', task: number, ...rest };
    }
    for (const key of mismatched) yield { event: 'bodyChanged', key };
    this.#requests = requests.length;
    this.#effects = effects.length;
  }
}
