import { type Ledger, RestartOracle } from '../support/restartOracle.ts';
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

/** What the upstream surely saw and did, by what the process said. */
function ledgerOf(said: readonly Acknowledgement[]): Ledger {
  const applied = new Map<string, number>();
  for (const event of said) if (event.event === 'applied') applied.set(event.key, event.number);
  return {
    requests: [...attemptsOf(said)],
    effects: [...applied].map(([key, number]) => ({ key, number })),
    mismatched: new Set(),
  };
}

function isPromise(event: Acknowledgement): event is Parameters<RestartOracle['hear']>[0] {
  return !['attempting', 'applied', 'unanswered'].includes(event.event);
}
