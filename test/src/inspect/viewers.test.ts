/**
 * Viewers of real processes: owners are killed, stopped and blocked, viewers stop reading, and nobody holds up
 * anybody.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { ConnectedScene, waited } from '../../support/process/connectedProcess.ts';
import { asking, view } from './inspectScene.ts';

const request = (number: number) => ({
  ...({ type: 'ledger.put', subject: 'user-1', tier: 'basic', payload: { number } } as const),
  idempotencyKey: `task-${number}`,
});
const requests = (first: number, count: number) =>
  Array.from({ length: count }, (_, at) => request(first + at));

describe('OB-1 the feed of real owners', () => {
  test('OB-1 one is killed, and two viewers see the next one take over', async () => {
    const scene = await ConnectedScene.open();
    scene.start();
    const owner = await scene.owner();
    const viewers = [view(scene.store, systemClock), view(scene.store, systemClock)];
    for (const viewer of viewers) await viewer.until((told) => told.length > 1);
    scene.start();
    owner.order({ order: 'submit', requests: requests(1, 20) });
    for (const viewer of viewers) await viewer.until(() => viewer.serials().length > 20);
    await owner.kill();
    for (const viewer of viewers) {
      await viewer.until((told) => told.filter(({ kind }) => kind === 'hello').length === 2);
      expect(viewer.aways().length).toBeGreaterThan(0);
    }
    const next = await scene.owner();
    next.order({ order: 'submit', requests: requests(21, 5) });
    for (const viewer of viewers) {
      await viewer.until(
        (told) =>
          told
            .slice(told.findLastIndex(({ kind }) => kind === 'hello'))
            .flatMap((said) => (said.kind === 'ended' ? said.actors : [])).length >= 5,
      );
    }
  });

  test('OB-1 one that is stopped is said to be silent, and seen again when it goes on', async () => {
    const scene = await ConnectedScene.open();
    scene.start();
    const owner = await scene.owner();
    const viewer = view(scene.store, systemClock);
    await viewer.until((told) => told.length > 1);
    owner.signal('SIGSTOP');
    await viewer.until(() => viewer.aways().some((reason) => reason.includes('does not answer')));
    expect(viewer.aways().at(-1)).toMatch(
      /^process \d+ .* it is stopped, or its event loop is blocked$/,
    );
    owner.signal('SIGCONT');
    await viewer.until((told) => told.at(-1)?.kind !== 'away' && viewer.kinds().includes('away'));
    const hellos = viewer.messages.flatMap((said) =>
      said.kind === 'hello' ? [said.startedAtMs] : [],
    );
    expect(hellos.length).toBeGreaterThanOrEqual(2);
    expect(new Set(hellos).size).toBe(1);
  });

  test('AC-2 SE-5 nothing of a person or a payload comes over a line', async () => {
    const scene = await ConnectedScene.open();
    scene.start();
    const owner = await scene.owner();
    const viewer = view(scene.store, systemClock);
    await viewer.until((told) => told.length > 1);
    const secret = (number: number) => ({
      ...request(number),
      subject: 'canary-subject',
      entity: { type: 'note', id: 'canary-entity' },
      tags: ['canary-tag'],
      idempotencyKey: `canary-key-${number}`,
      payload: { number, text: 'canary-payload' },
    });
    owner.order({ order: 'submit', requests: [secret(1), secret(2), secret(3)] });
    const crisis = { subject: 'canary-person', payload: { text: 'canary-crisis' } };
    owner.order({ order: 'crisis', request: crisis });
    await owner.until('ended', 3);
    await owner.until('delivered');
    await viewer.until(
      (told) => told.flatMap((said) => (said.kind === 'ended' ? said.actors : [])).length >= 4,
    );
    expect(viewer.serials().length).toBeGreaterThan(10);
    expect(JSON.stringify(viewer.messages)).not.toContain('canary');
  });

  test('OB-1 CR-1 one that has ended in good order says so', async () => {
    const scene = await ConnectedScene.open();
    scene.start();
    const owner = await scene.owner();
    const viewer = view(scene.store, systemClock);
    await viewer.until((told) => told.length > 1);
    owner.order({ order: 'close' });
    const closed = 'the process that ran the store has closed it';
    await viewer.until(() => viewer.aways().includes(closed));
    expect(viewer.aways().at(-1)).toMatch(/closed it|no process runs/);
  });
});

describe('CR-1 OB-1 viewers that read nothing', () => {
  /** A process that asks for a line and never reads it. */
  const deaf = async (store: string) => {
    const program = `
      const socket = require('node:net').connect(${JSON.stringify(join(store, 'control.sock'))});
      socket.write(${JSON.stringify(asking())});
      socket.once('readable', () => { process.stdout.write('line'); });
      setTimeout(() => process.exit(9), 60_000);
    `;
    const child = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    let isThere = false;
    child.stdout.on('data', () => (isThere = true));
    await waited(() => (isThere ? true : undefined), 'a line');
    return child;
  };

  test('CR-1 fifteen of them, one of which is stopped: crises are answered, and one that reads sees how all went', async () => {
    const scene = await ConnectedScene.open();
    scene.start();
    const owner = await scene.owner();
    const all = [];
    for (let count = 0; count < 15; count += 1) all.push(await deaf(scene.store));
    all[0]?.kill('SIGSTOP');
    const viewer = view(scene.store, systemClock);
    await viewer.until((told) => told.length > 1);
    owner.order({ order: 'submit', requests: requests(1, 400) });
    for (let number = 0; number < 100; number += 1) {
      owner.order({ order: 'crisis', request: { subject: 'user-1', payload: { number } } });
      await sleep(10);
    }
    const answered = await owner.until('answered', 100);
    await viewer.until(
      (told) => told.flatMap((said) => (said.kind === 'ended' ? said.actors : [])).length > 400,
    );
    // Of so many at once some steps are left out, which their serials tell; of none is it not told that it has ended.
    const serials = viewer.serials();
    expect(serials).toEqual([...new Set(serials)].toSorted((a, b) => a - b));
    expect(serials.length).toBeGreaterThan(400);
    expect(answered.every(({ resources }) => resources > 0)).toBe(true);
    await owner.until('ended', 400);
  });

  test('OB-1 a viewer that goes in the middle is let go of', async () => {
    const scene = await ConnectedScene.open();
    scene.start();
    const owner = await scene.owner();
    const gone = await deaf(scene.store);
    gone.kill('SIGKILL');
    owner.order({ order: 'submit', requests: requests(1, 10) });
    await owner.until('ended', 10);
    expect(owner.said('error')).toEqual([]);
  });
});
