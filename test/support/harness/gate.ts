import { shownBy, type TokensKept } from '../../../machines/policy/access/access.ts';
import { Gate } from '../../../src/access/gate.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

/** Gate of a store with these tokens; of one without any, where none are given. */
export function gateOf(kept: TokensKept = { state: 'open', tokens: [] }): Gate {
  return new Gate({
    access: { shown: (hash) => shownBy(kept, hash, 0) },
    audit: { note: () => undefined },
    clock: new VirtualClock(),
  });
}
