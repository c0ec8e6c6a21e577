import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { givenKey, noteCrisis, noteSent } from '../../src/simulator/oracle/sentKeys.ts';
import { RestartScene } from '../oracle/restart/restartScene.ts';
import { DiskFaults, whyNoFaults } from './diskFaults.ts';

const missing = whyNoFaults();
const CRISIS = { type: 'ledger.put', subject: 'subject-1', payload: { number: 9, latencyMs: 0 } };

function request(number: number): SyncRequest {
  return noteSent({
    type: 'ledger.put',
    subject: 'subject-1',
    tier: 'premium',
    idempotencyKey: `key-${number}`,
    payload: { number, latencyMs: 0 },
  });
}

describe.skipIf(missing !== null)(
  `PS-6 OP-6 a real process on a disk that hangs${missing === null ? '' : ` (${missing})`}`,
  () => {
    test('PS-6 OP-6 what was refused never runs, what was given to the disk may, crises are delivered', async () => {
      const scene = await RestartScene.open();
      const faults = new DiskFaults(scene.folder);
      const child = scene.start({}, undefined, faults.env);
      await child.until('ready');
      faults.set({ syncHangs: 1 });
      for (let number = 1; number <= 50; number += 1) {
        child.order({ order: 'try', request: request(number) });
      }
      const told = new Map<string, string>();
      for (let number = 1; number <= 50; number += 1) {
        const key = `key-${number}`;
        const { code, mayBeStored } = await child.until('refused', (said) => said.key === key);
        told.set(key, code);
        expect(mayBeStored).toBe(code === 'HF_STORE_STALLED');
      }
      const hanging = await child.untilHealth(({ storage }) => storage.state === 'hanging');
      expect(hanging).toMatchObject({ overall: 'critical', level: 'offline' });
      child.order({ order: 'try', request: request(51) });
      const last = await child.until('refused', ({ key }) => key === 'key-51');
      expect(last).toMatchObject({ code: 'HF_STORE_HANGING', retry: 'later', mayBeStored: false });
      told.set('key-51', last.code);

      child.order({
        order: 'crisis',
        request: noteCrisis({ ...CRISIS, idempotencyKey: 'crisis-1' }, Date.now()),
      });
      await child.until('answered');
      await child.while(scene.ledger.request(() => scene.ledger.requests.length > 0));
      expect(scene.ledger.requests.map(({ key }) => givenKey(key))).toEqual(['crisis-1']);

      faults.set({});
      await child.untilHealth(({ storage }) => storage.state === 'well');
      await child.until('durable', ({ key }) => key === 'crisis-1');
      expect(faults.given).toBeGreaterThan(0);
      await child.untilHealth(({ operations }) => operations.inMemory === 0);
      await child.kill();
      const rows = await scene.rowsAtRest();
      const mayRun = [...told].filter(([, code]) => code === 'HF_STORE_STALLED');
      expect(rows.map(({ context }) => givenKey(context.idempotencyKey)).toSorted()).toEqual(
        ['crisis-1', ...mayRun.map(([key]) => key)].toSorted(),
      );
      expect(scene.ledger.effects.map(({ key }) => givenKey(key)).toSorted()).toEqual(
        ['crisis-1', ...mayRun.map(([key]) => key)].toSorted(),
      );
    });
  },
);
