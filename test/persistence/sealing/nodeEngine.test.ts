/**
 * The crypto engine on node:crypto: the contract, and its HMAC of its own.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { nobleEngine } from '../../../persistence/sealing/nobleEngine.ts';
import { nodeEngine } from '../../../persistence/sealing/nodeEngine.ts';
import { engineContract } from './engineContract.ts';

engineContract(nodeEngine, 'node');

test('SE-1 both engines give the same HMACs around every length that is treated in a way of its own', () => {
  const around = (length: number): number[] => [length - 1, length, length + 1];
  const filled = (length: number): Uint8Array => new Uint8Array(length).fill(length);
  for (const keyBytes of [0, 1, ...around(32), ...around(64), ...around(128)]) {
    for (const messageBytes of [0, 1, ...around(128), ...around(512)]) {
      const [key, message] = [filled(keyBytes), filled(messageBytes)];
      expect(nodeEngine.hmacSha256(key)(message)).toEqual(nobleEngine.hmacSha256(key)(message));
      expect(nodeEngine.hmacSha512(key)(message)).toEqual(nobleEngine.hmacSha512(key)(message));
    }
  }
});
