/**
 * Several processes and one store: one owns it, and another takes it over, whichever way the first one ends.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { ConnectedScene, waited } from '../../support/process/connectedProcess.ts';
import type { LedgerTask } from '../../support/process/ledgerServer.ts';

const TIMEOUT_MS = 2 * HANGS_AFTER_MS;

function put(number: number, more: Partial<LedgerTask> = {}): SyncRequest {
  return {
    ...{ type: 'ledger.put', subject: 'subject-1', tier: 'basic' },
    payload: { number, ...more },
  };
}

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}

describe('SC-4 SV-5 several processes that may own a store', { timeout: TIMEOUT_MS }, () => {
  test('SC-4 exactly one owns it, and the others are its clients', async () => {
    const scene = await ConnectedScene.open();
    const all = [scene.start(), scene.start(), scene.start({ mayOwn: false })];
    for (const [at, process] of all.entries()) {
      process.order({ order: 'submit', requests: numbers(at * 10, 10).map((n) => put(n)) });
    }
    for (const process of all) await process.until('ended', 10);
    expect(all.filter((process) => process.said('owns').length > 0)).toHaveLength(1);
    expect(all.flatMap((process) => process.said('refused'))).toEqual([]);
    expect(all.flatMap((process) => process.said('error'))).toEqual([]);
    expect([...scene.effects().values()]).toEqual(new Array(30).fill(1));
  });

  test('SC-4 SV-3 when the owner is killed another takes over: what was under way is followed to its end', async () => {
    const scene = await ConnectedScene.open();
    const first = scene.start();
    await first.until('owns');
    const [second, client] = [scene.start(), scene.start({ mayOwn: false })];
    await client.until('ready');
    client.order({ order: 'submit', requests: [put(1, { latencyMs: 60_000 })] });
    await client.until('accepted');
    await scene.ledger.request(({ number }) => number === 1);
    await first.kill();
    client.order({ order: 'submit', requests: [put(2)] });
    client.order({ order: 'crisis', request: { subject: 'subject-1', payload: { number: 3 } } });
    scene.ledger.hurry();
    expect((await client.until('ended', 2)).map(({ status }) => status)).toEqual([
      'completed',
      'completed',
    ]);
    await client.until('delivered');
    await second.until('owns');
    expect(client.said('refused')).toEqual([]);
    expect(scene.effects()).toEqual(
      new Map([
        [1, 1],
        [2, 1],
        [3, 1],
      ]),
    );
  });

  test('SC-4 SV-4 a rolling restart refuses nothing and loses nothing', async () => {
    const scene = await ConnectedScene.open();
    const client = scene.start({ mayOwn: false });
    let from = 1;
    let owner = scene.start();
    for (let round = 0; round < 3; round += 1) {
      await owner.until('owns');
      const next = scene.start();
      client.order({ order: 'submit', requests: numbers(from, 40).map((n) => put(n)) });
      owner.order({ order: 'submit', requests: numbers(from + 40, 5).map((n) => put(n)) });
      owner.order({ order: 'close' });
      client.order({ order: 'submit', requests: numbers(from + 45, 40).map((n) => put(n)) });
      client.order({ order: 'crisis', request: { subject: 's', payload: { number: from + 85 } } });
      from += 86;
      await owner.until('closed');
      await owner.ended();
      owner = next;
    }
    await client.until('ended', 240);
    await client.until('delivered', 3);
    expect(client.said('refused')).toEqual([]);
    // What the closing owner's own callers had not had accepted is theirs to send again.
    const times = scene.effects();
    for (const [number, count] of times) expect([number, count]).toEqual([number, 1]);
    expect(times.size).toBeGreaterThanOrEqual(3 * 81);
  });

  test.each([false, true])(
    'SC-4 CR-1 CR-4 a crisis is answered while the owner does nothing, and delivered once (thread: %s)',
    async (outside) => {
      const scene = await ConnectedScene.open();
      const owner = scene.start({ outside });
      await owner.until('owns');
      const client = scene.start({ mayOwn: false });
      await client.until('ready');
      const goOn = join(scene.home, 'go on');
      owner.order({ order: 'block', until: goOn });
      await owner.until('blocking');
      for (const number of numbers(1, 5)) {
        client.order({ order: 'crisis', request: { subject: 's', payload: { number } } });
      }
      // While the owner is blocked: it goes on only after that.
      for (const { resources, id } of await client.until('answered', 5)) {
        expect(resources).toBeGreaterThan(0);
        expect(id).not.toBeNull();
      }
      await writeFile(goOn, '');
      await client.until('delivered', 5);
      await client.until('durable', 5);
      expect([...scene.effects().values()]).toEqual(new Array(5).fill(1));
    },
  );

  test('SC-4 CR-1 CR-4 stopped and then killed, it had answered nobody: the next owner delivers', async () => {
    const scene = await ConnectedScene.open();
    const owner = scene.start({ outside: true });
    await owner.until('owns');
    const client = scene.start();
    await client.until('ready');
    owner.signal('SIGSTOP');
    client.order({ order: 'crisis', request: { subject: 's', payload: { number: 1 } } });
    await client.until('answered');
    await owner.kill();
    client.order({ order: 'crisis', request: { subject: 's', payload: { number: 2 } } });
    await client.until('delivered', 2);
    await waited(() => (scene.effects().size === 2 ? true : undefined), 'both');
    expect([...scene.effects().values()]).toEqual([1, 1]);
  });
});
