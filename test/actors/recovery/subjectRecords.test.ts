/** Records about one person where reading them is hard: many pages, large payloads, records that can't be opened, a sick disk. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { SubjectRecord } from '../../../actors/recovery/subjectRecords.ts';
import { createRuntime, type Runtime, rawKey } from '../../../src/index.ts';
import { managementAtRest } from '../../../src/management/atRest.ts';
import type { Caller } from '../../../src/management/managementCall.ts';
import { exportSubject } from '../../../src/management/subjects.ts';
import { createFaultyStore, noFaults } from '../../../src/simulator/disk/faultyStore.ts';
import type { ExportedRecord } from '../../../src/views/subjectDocument.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const PERSON = 'user-42';
const CRISIS = { subject: PERSON, type: 'crisis.alert', payload: 'call me' };

const fails = (): never => {
  throw new Error('The upstream is away.');
};

const HANDLERS = { 'payments.push': { upstream: 'default', run: () => null } };

/** The operations about a person, page by page. */
async function pagesOf(caller: Caller): Promise<readonly (readonly SubjectRecord[])[]> {
  const pages: (readonly SubjectRecord[])[] = [];
  for (let after = 0; ; ) {
    const from = { kind: 'operation', after } as const;
    const { records, next } = await caller.call(exportSubject, { subject: PERSON, ...from });
    pages.push(records);
    if (next?.kind !== 'operation') return pages;
    after = next.after;
  }
}

/** Records as an app reads them, without the log. */
async function recordsOf(runtime: Pick<Runtime, 'subjects'>): Promise<readonly ExportedRecord[]> {
  const found: ExportedRecord[] = [];
  for await (const one of runtime.subjects.export(PERSON)) found.push(one);
  return found.filter(({ kind }) => kind !== 'auditEntry');
}

const AT_REST = { hold: null, random: seededRandom(1), payloadBytesMax: 1_000 };

describe('AC-3 everything about one person', () => {
  test('AC-3 comes in bounded pages, each record once, in the order of acceptance', async () => {
    const world = createWorld();
    const { runtime } = world.boot({ handlers: HANDLERS });
    await world.clock.run(runtime.ready);
    const large = 'x'.repeat(300_000);
    for (let at = 0; at < 100; at += 1) {
      const payload = at < 10 ? `${at} ${large}` : String(at);
      const more = { type: 'payments.push', startAtMs: world.clock.now() + 3_600_000 } as const;
      const subject = at % 2 === 0 ? PERSON : 'user-7';
      await world.clock.run(runtime.sync({ ...more, subject, payload }));
    }
    const rest = managementAtRest({ ...AT_REST, store: world.disk, clock: world.clock });
    const pages = await pagesOf(rest);
    const payloads = pages
      .flat()
      .map(({ value }) => Number.parseInt(JSON.stringify(value['payload']).slice(1), 10));
    expect(payloads).toEqual(Array.from({ length: 50 }, (_, at) => 2 * at));
    // Four payloads of 300 kB are over 1 MiB.
    expect(pages[0]).toHaveLength(4);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(32);
  });

  test.each(['in use', 'at rest'])(
    'AC-3 CR-4 has a crisis that the database could not take, %s',
    async (how) => {
      const world = createWorld();
      const handlers = { 'crisis.alert': { upstream: 'default', run: fails } };
      const { runtime, store, kill } = world.boot({ handlers });
      await world.clock.run(runtime.ready);
      store.faults.fate = () => 'failsUnwritten';
      const { durable } = await world.clock.run(runtime.crisis(CRISIS));
      await world.clock.run(durable);
      if (how === 'in use') {
        const found = await world.clock.run(recordsOf(runtime));
        expect(found.map(({ value }) => value['payload'])).toEqual(['call me']);
        return;
      }
      kill();
      const disk = createFaultyStore(world.disk, world.clock, noFaults());
      disk.faults.fate = () => 'failsUnwritten';
      const info = await disk.open();
      const rest = managementAtRest({
        ...AT_REST,
        ...{ store: disk, atOpen: info, clock: world.clock },
      });
      const found = (await pagesOf(rest)).flat();
      expect(found.map(({ value }) => value['payload'])).toEqual(['call me']);
    },
  );

  test('AC-3 says what a mark of a merge is, and gives what is no JSON as it is', async () => {
    const { disk, clock } = createWorld();
    await disk.open();
    const keep = { kind: 'keep', room: 'entity', subject: PERSON } as const;
    await disk.commit([{ ...keep, key: 'merging\0op-1', text: '2' }]);
    await disk.commit([{ ...keep, key: 'note\0n-1', text: 'no JSON' }]);
    const rest = managementAtRest({ ...AT_REST, store: disk, clock });
    const from = { kind: 'entity', after: 0 } as const;
    const { records } = await rest.call(exportSubject, { subject: PERSON, ...from });
    expect(records.map(({ value }) => value)).toEqual([
      { mergeBegun: 'op-1', text: '2' },
      { text: 'no JSON' },
    ]);
  });

  test('AC-3 PS-3 counts what can not be opened, and gives the rest', async () => {
    const folder = join(tempFolder(), 'store');
    const key = rawKey(new Uint8Array(32).fill(7));
    const options = { store: folder, key, handlers: HANDLERS };
    const runtime = createRuntime(options);
    await runtime.ready;
    const push = async (payload: string) =>
      await runtime.sync({
        ...{ type: 'payments.push', subject: PERSON, payload },
        startAtMs: Date.now() + 3_600_000,
      });
    const { id } = await push('spoilt');
    await push('whole');
    await runtime.crisisPlans.put(PERSON, { resources: [{ name: 'a walk' }] });
    await runtime.close();
    const file = new Database(join(folder, 'data.db'));
    file.exec(`UPDATE operation SET state = zeroblob(200) WHERE seq = (SELECT min(seq) FROM operation);
      UPDATE crisis_plan SET state = zeroblob(200)`);
    file.close();
    const next = createRuntime(options);
    await next.ready;
    const records = await recordsOf(next);
    expect(records.map(({ kind, isUnreadable }) => [kind, isUnreadable])).toEqual([
      ['operation', true],
      ['operation', false],
      ['crisisPlan', true],
    ]);
    expect(records[0]?.value).toEqual({ id });
    await next.close();
  });
});
