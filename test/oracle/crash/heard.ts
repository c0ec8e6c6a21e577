import type { LedgerEffect } from '../../support/process/ledgerServer.ts';
import { type Ledger, RestartOracle } from '../restart/restartOracle.ts';
import type { Acknowledgement } from './crashWork.ts';

type Attempting = Extract<Acknowledgement, { event: 'attempting' }>;

/** What a process had said by the moment of the cut, told to an oracle. */
export function heard(
  said: readonly Acknowledgement[],
  ledger: Ledger = ledgerOf(said),
): RestartOracle {
  const oracle = new RestartOracle(ledger);
  for (const event of said) if (isPromise(event)) oracle.hear(event);
  return oracle;
}

export function attemptsOf(said: readonly Acknowledgement[]): readonly Attempting[] {
  return said.filter((event) => event.event === 'attempting');
}

/** What the upstream saw and did; by default what it surely did, by what the process said. */
export function ledgerOf(
  said: readonly Acknowledgement[],
  effects: readonly LedgerEffect[] = saidToBeApplied(said),
): Ledger {
  return { requests: [...attemptsOf(said)], effects: [...effects], mismatched: new Set() };
}

function saidToBeApplied(said: readonly Acknowledgement[]): readonly LedgerEffect[] {
  const applied = new Map<string, number>();
  for (const event of said) if (event.event === 'applied') applied.set(event.key, event.number);
  return [...applied].map(([key, number]) => ({ key, number }));
}

function isPromise(event: Acknowledgement): event is Parameters<RestartOracle['hear']>[0] {
  return !['attempting', 'applied', 'unanswered'].includes(event.event);
}
