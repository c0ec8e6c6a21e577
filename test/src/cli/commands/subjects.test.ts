/** The export for a person who asks what is kept about them: all of it, in use and at rest, and nothing of anybody else. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  conflictFailure,
  permanentFailure,
  transientFailure,
} from '../../../../machines/policy/retry/classifyFailure.ts';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import type { ExportedRecord } from '../../../../src/views/subjectDocument.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const STAFF = { id: 'staff-7', role: 'clinician' } as const;
/** The person who asks, and another one. */
const PERSON = 'user-42';
const OTHER = 'user-7';

/** Words that were written about a person wherever something can be: each is to be found again. */
const wordsOf = (subject: string) => ({
  response: `response to ${subject}`,
  tag: `tag of ${subject}`,
  entity: `entity of ${subject}`,
  refused: `refused of ${subject}`,
  answer: `answer to ${subject}`,
  waiting: `waiting of ${subject}`,
  edit: `edit of ${subject}`,
  theirs: `tablet of ${subject}`,
  crisis: `crisis of ${subject}`,
  note: `note about ${subject}`,
  safe: `safe says ${subject}`,
  step: `step of ${subject}`,
  contact: `contact of ${subject}`,
  reason: `reason for ${subject}`,
});

/** A store with everything there can be about two persons. */
async function createScene(how: 'in use' | 'at rest') {
  const elsewhere = tempFolder();
  const folder = join(tempFolder(), 'store');
  const keyPath = join(elsewhere, 'holdfast.key');
  await createKeyFile(keyPath);
  const runtime = createRuntime({
    store: folder,
    key: keyFile(keyPath),
    device: 'phone-1',
    upstreams: { billing: {}, notes: {}, down: {} },
    handlers: {
      'payments.push': {
        upstream: 'billing',
        run: ({ payload, subject, keepAnswer }) => {
          const { refused, answer, response } = wordsOf(subject);
          if (payload !== refused) return response;
          keepAnswer({ status: 422, body: answer });
          throw permanentFailure('Refused.');
        },
      },
      'notes.put': {
        upstream: 'notes',
        run: () => {
          throw conflictFailure('Another version.');
        },
        conflicts: {
          fetchCurrent: ({ subject }) => ({
            version: '"2"',
            value: { note: wordsOf(subject).theirs },
          }),
        },
      },
      'crisis.alert': {
        upstream: 'down',
        run: () => {
          throw transientFailure('Down.');
        },
      },
    },
    crisis: { type: 'crisis.alert' },
  });
  await runtime.ready;
  for (const subject of [PERSON, OTHER]) {
    const words = wordsOf(subject);
    const push = async (payload: string, more: object = {}) =>
      await runtime.sync({ type: 'payments.push', subject, payload, ...more });
    // Its payload is erased once it is done; what was answered is kept.
    const done = await push('done', {
      tags: [words.tag],
      entity: { type: 'invoice', id: words.entity },
    });
    await done.outcome;
    await (await push(words.refused)).outcome;
    await push(words.waiting, { startAtMs: Date.now() + 3_600_000 });
    await runtime.sync({
      type: 'notes.put',
      subject,
      entity: { type: 'note', id: `note-${subject}` },
      payload: { note: words.edit },
      base: { version: '"1"', value: { note: 'before' } },
    });
    await runtime.crisisPlans.put(subject, {
      resources: [{ name: words.step }, { kind: 'contact', name: words.contact, phone: '112' }],
    });
    await runtime.crisisMode.enter({ subject, by: STAFF, reason: words.reason });
    const { operationId } = await runtime.crisis({ subject, payload: { text: words.crisis } });
    await runtime.crises.acknowledge(String(operationId), { by: STAFF, note: words.note });
    await runtime.crises.saySafe({ subject, note: words.safe });
  }
  const asked = async () => {
    let count = 0;
    for await (const _ of runtime.conflicts.list()) count += 1;
    return count;
  };
  await expect.poll(asked).toBe(2);
  if (how === 'at rest') await runtime.close();
  const where = ['--store', folder, '--key-file', keyPath];
  const cli = (...args: readonly string[]) => runCli(['subjects', ...args, ...where]);
  return { folder, elsewhere, where, runtime, cli };
}

function recordsIn(path: string): readonly ExportedRecord[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ExportedRecord);
}

describe.each(['in use', 'at rest'] as const)('holdfast subjects export, a store %s', (how) => {
  test('AC-3 a person is given all that is kept about them, and nothing of anybody else', async () => {
    const { elsewhere, where, cli } = await createScene(how);
    const [to, page] = [join(elsewhere, 'a.ndjson'), join(elsewhere, 'a.html')];
    const made = await cli('export', PERSON, '--to', to, '--document', page, '--json');
    expect(made.exitCode, made.stderr).toBe(0);
    const records = recordsIn(to);
    const counts = JSON.parse(made.stdout) as Readonly<Record<string, unknown>>;
    const entries = records.filter(({ kind }) => kind === 'auditEntry').length;
    expect(counts).toMatchObject({
      ...{ auditEntries: entries, records: records.length - entries },
      ...{ unreadable: 0, files: [page, to] },
    });
    const kinds = new Set(records.map(({ kind }) => kind));
    const all = ['operation', 'entity', 'conflict', 'crisisPlan', 'crisisMode', 'auditEntry'];
    expect([...kinds]).toEqual(all);
    for (const path of [to, page]) {
      const text = readFileSync(path, 'utf8');
      const missing = Object.values(wordsOf(PERSON)).filter((word) => !text.includes(word));
      expect(missing).toEqual([]);
      expect(text).not.toContain(OTHER);
      expect(text).not.toContain('undefined');
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    // The log has a handle in place of the name, and says that this was shown.
    const log = await runCli(['audit', 'list', '--json', '--person', PERSON, ...where]);
    // One page, and so one entry.
    expect(log.stdout.split('"call":"subject.export"')).toHaveLength(2);
    expect(log.stdout).not.toContain(PERSON);
  });

  test('AC-3 other people are marked, and masked where that is asked for', async () => {
    const { elsewhere, cli } = await createScene(how);
    const [to, page] = [join(elsewhere, 'a.ndjson'), join(elsewhere, 'a.html')];
    await cli('export', PERSON, '--to', to, '--document', page);
    const words = wordsOf(PERSON);
    const plan = recordsIn(to).find(({ kind }) => kind === 'crisisPlan');
    expect(plan?.others.toSorted()).toEqual(['/resources/1/name', '/resources/1/phone']);
    const mode = recordsIn(to).find(({ kind }) => kind === 'crisisMode');
    expect(mode?.others).toEqual(['/on/by/id', '/on/persons/0']);
    // What somebody else noted is marked as theirs; what the person said themselves is their own.
    const crisis = recordsIn(to).find(({ value }) => value['priority'] === 'crisis');
    const decisions = crisis?.others.filter((pointer) => pointer.includes('/decisions/'));
    expect(decisions).toEqual(['/escalation/decisions/0/by/id']);
    expect(readFileSync(page, 'utf8')).toContain(`<mark>${words.contact}</mark>`);

    const [masked, maskedPage] = [join(elsewhere, 'b.ndjson'), join(elsewhere, 'b.html')];
    const args = ['--mask-others', '--to', masked, '--document', maskedPage];
    expect((await cli('export', PERSON, ...args)).exitCode).toBe(0);
    for (const path of [masked, maskedPage]) {
      const text = readFileSync(path, 'utf8');
      expect(text).not.toContain(STAFF.id);
      expect(text).not.toContain(words.contact);
      expect(text).toContain(words.step);
      expect(text).toContain(words.safe);
    }
  });
});

describe('holdfast subjects export refuses, and leaves nothing half done', () => {
  test('AC-3 a file that is there, one in the folder of the store, none at all, and no person', async () => {
    const { folder, elsewhere, cli } = await createScene('at rest');
    const to = join(elsewhere, 'a.ndjson');
    writeFileSync(to, 'mine');
    expect((await cli('export', PERSON, '--to', to)).stderr).toContain('there already');
    expect(readFileSync(to, 'utf8')).toBe('mine');
    const before = readdirSync(folder).toSorted();
    const inside = await cli('export', PERSON, '--document', join(folder, 'a.html'));
    expect(inside).toMatchObject({ exitCode: 2 });
    expect(readdirSync(folder).toSorted()).toEqual(before);
    const none = await cli('export', PERSON);
    expect(none).toMatchObject({ exitCode: 2 });
    expect(none.stderr).toContain('--document');
    const empty = await cli('export', '', '--to', join(elsewhere, 'b.ndjson'));
    expect(empty).toMatchObject({ exitCode: 2 });
    expect(readdirSync(elsewhere)).not.toContain('b.ndjson');
  });

  test('AC-3 of whom nothing is kept, that is said', async () => {
    const { elsewhere, cli } = await createScene('at rest');
    const to = join(elsewhere, 'a.ndjson');
    const made = await cli('export', 'user-4', '--to', to);
    expect(made.exitCode).toBe(0);
    expect(made.stdout).toContain('Nothing else is kept about user-4');
    expect(recordsIn(to).filter(({ kind }) => kind !== 'auditEntry')).toEqual([]);
  });
});
