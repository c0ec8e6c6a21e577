/**
 * Crises that an earlier process answered and nobody has accepted since.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  CrisisResponder,
  type CrisisResponderParts,
} from '../../../actors/crisis/crisisResponder.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const ID = '01a21a26-17cc-7213-bcf7-873e9da1b893';

test('CR-4 SC-4 one that can not be taken up is begun when its client sends it again', async () => {
  const emitted: string[] = [];
  const responder = new CrisisResponder({
    clock: new VirtualClock(),
    facts: { emit: (kind: string) => emitted.push(kind) },
    resources: { after: () => [] },
    messages: { of: () => ({}) },
    modes: { of: () => 'none' },
    localAfterMs: 0,
    pool: {
      resident: () => ({}),
      watchers: { outcome: () => Promise.resolve({ status: 'completed', operationId: ID }) },
    },
  } as unknown as CrisisResponderParts);
  responder.takeUp([{ id: ID, request: '{' }]);
  expect(emitted).toContain('crisis.refused');
  await setImmediate();
  const { durable } = await responder.answer({}, ID);
  expect(await durable).toBeUndefined();
});
