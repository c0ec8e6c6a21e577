/**
 * Bugs that a client could have, planted in a real process.
 *
 * @module
 */

import { OwnerLink } from '../../../src/connect/ownerLink.ts';

export const CONNECTED_BUGS = ['notSentAgain', 'newKeyEachTime', 'crisisForgotten'] as const;
export type ConnectedBug = (typeof CONNECTED_BUGS)[number];

/** What is asked, as the bug changes it. */
interface Asking {
  readonly name: string;
  readonly params: object;
  readonly how: object;
}
type Ask = (name: string, params: object, how: object) => object;

export function plantConnectedBug(bug: ConnectedBug): void {
  const ask = Reflect.get(OwnerLink.prototype, 'ask') as unknown as Ask;
  const plant = (planted: (this: OwnerLink, asking: Asking) => object): void => {
    Reflect.set(
      OwnerLink.prototype,
      'ask',
      function (this: OwnerLink, name: string, params: object, how: object) {
        return planted.call(this, { name, params, how });
      },
    );
  };
  switch (bug) {
    case 'notSentAgain':
      plant(function ({ name, params, how }) {
        return ask.call(
          this,
          name,
          params,
          name === 'sync' ? { ...how, isRepeatable: false } : how,
        );
      });
      break;
    case 'newKeyEachTime':
      plant(function ({ name, params, how }) {
        const anew = (): object => ({ ...params, idempotencyKey: crypto.randomUUID() });
        return ask.call(this, name, name === 'sync' ? anew : params, how);
      });
      break;
    case 'crisisForgotten': {
      let isFirst = true;
      plant(function ({ name, params, how }) {
        if (name !== 'crisis' || !isFirst) return ask.call(this, name, params, how);
        isFirst = false;
        const answer = new Promise(() => undefined);
        return { answer, stop: () => undefined };
      });
      break;
    }
  }
}
