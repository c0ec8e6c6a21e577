/**
 * `holdfast conflicts`: on a store at rest, and through the process that runs on it.
 *
 * @module
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type ConflictRecord,
  encodeConflict,
  isOpen,
} from '../../../../machines/conflict/conflictRecord.ts';
import { openAtRest } from '../../../../persistence/openStore.ts';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { aboutText, detailsText, paintDetails } from '../../../../src/cli/commands/conflicts.ts';
import { columns, wrapped } from '../../../../src/cli/kit/table.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import { conflictFailure } from '../../../../src/index.ts';
import { detailsOf } from '../../../../src/management/conflict.ts';
import { conflictOf } from '../../../support/merge/conflictOf.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const SECRET = 'the words of user-42';
const ANA = ['--by', 'staff-7:clinician'] as const;

const mom = { id: 'c1', name: 'Mom', phones: ['+15550100'] };
const base = { emergencyContacts: [mom], note: 'Breathe.' };
const plan = (how: Partial<ConflictRecord> = {}): ConflictRecord =>
  conflictOf(
    {
      entity: 'crisis_plan',
      base,
      ours: { emergencyContacts: [{ ...mom, name: 'Mama' }], note: SECRET },
      theirs: { emergencyContacts: [{ ...mom, name: 'Mother' }], note: 'Breathe slowly.' },
    },
    how,
  );
const mood = (): ConflictRecord =>
  conflictOf(
    { entity: 'mood_entry', base: { score: 1 }, ours: { score: 2 }, theirs: { score: 3 } },
    { id: 'op-2-c16', operationId: 'op-2', reason: 'rounds', type: 'moods.put' },
  );

async function scene(...records: readonly ConflictRecord[]) {
  const folder = join(tempFolder(), 'store');
  const keyPath = join(tempFolder(), 'holdfast.key');
  await createKeyFile(keyPath);
  const start = async () => {
    const runtime = createRuntime({ store: folder, key: keyFile(keyPath) });
    onTestFinished(() => runtime.close());
    await runtime.ready;
    return runtime;
  };
  await (await start()).close();
  const { store } = await openAtRest({ folder, key: keyFile(keyPath) });
  await store.commit(
    records.map((record) => ({
      ...{ kind: 'keep', room: 'conflict', key: record.id, text: encodeConflict(record) },
      isOpen: isOpen(record),
    })),
  );
  await store.close();
  const cli = (verb: string, ...args: readonly string[]) =>
    runCli(['conflicts', verb, '--store', folder, '--key-file', keyPath, ...args]);
  return { cli, start };
}

describe('holdfast conflicts, at rest', () => {
  test('CF-6 UX-1 lists what waits, the newest first, and nothing of what it holds', async () => {
    const { cli } = await scene(plan(), mood(), plan({ id: 'over', state: 'resolved' }));
    const { exitCode, stdout } = await cli('list');
    expect(exitCode).toBe(0);
    const [head, first, second, ...rest] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^id +age +entity +asks +waits +state +reason +type$/);
    expect(first).toMatch(/^op-2-c16 +\w+ +mood_entry +0 +yes +awaitingReview +rounds +moods.put$/);
    expect(second).toMatch(
      /^op-1-c1 +\w+ +crisis_plan +2 +yes +awaitingReview +conflict +plans.put$/,
    );
    expect(rest).toEqual([]);
    const all = await cli('list', '--all', '--json');
    expect(all.stdout.trimEnd().split('\n')).toHaveLength(3);
    for (const { stdout: out } of [all, { stdout }]) {
      for (const hidden of [SECRET, 'user-42', 'record-7']) expect(out).not.toContain(hidden);
    }
    const ids = async (...args: readonly string[]) =>
      (await cli('list', '--json', ...args)).stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { readonly id: string }).id);
    expect(await ids('--entity', 'crisis_plan')).toEqual(['op-1-c1']);
    expect(await ids('--state', 'resolved')).toEqual(['over']);
    expect(await ids('--reason', 'rounds')).toEqual(['op-2-c16']);
    expect(await ids('--type', 'plans.put', '--all')).toEqual(['over', 'op-1-c1']);
    const cut = await cli('list', '--limit', '1');
    expect(cut.stderr).toContain('only the first 1');
  });

  test('CF-6 AC-1 shows both sides and each question; without values nothing that the record holds', async () => {
    const { cli } = await scene(plan());
    const { stdout } = await cli('show', 'op-1-c1');
    expect(stdout).toContain('Question 1: /emergencyContacts/c1/name');
    expect(stdout).toContain(
      'rule  The latest edit stands for now; all of them are kept and shown.',
    );
    expect(stdout).toMatch(/\[1\] tablet, .* {2}\[2\] phone-1,/);
    expect(stdout).toContain('(stands now on this device)');
    expect(
      Math.max(
        ...stdout
          .split('\n\n')
          .slice(2)
          .join('\n')
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80);
    // eslint-disable-next-line no-control-regex -- a colour is a control character
    expect(stdout).not.toMatch(/\u001b/);
    const json = JSON.parse((await cli('show', 'op-1-c1', '--json')).stdout) as object;
    expect(json).toMatchObject({
      ...{ subject: 'user-42', entity: { type: 'crisis_plan', id: 'record-7' } },
      asked: [{ number: 1, alternatives: [{ take: 1, value: 'Mother' }, { take: 2 }] }, {}],
    });
    const about = await cli('show', 'op-1-c1', '--no-values');
    expect(about.stdout).toMatch(/subject +user-42/);
    for (const hidden of [SECRET, 'Mother', 'emergencyContacts']) {
      expect(about.stdout).not.toContain(hidden);
    }
  });

  test('CF-6 UX-1 what a person is asked is not told as decided', async () => {
    const asked = {
      path: '/emergencyContacts/c1/name',
      rule: 'both are kept',
      reason: 'a later edit stands',
    };
    const ruled = { path: '/seen', rule: 'latest wins', reason: 'a later one stands' };
    const lost = { kept: 'a', lost: [] };
    const audit = [asked, ruled].map((one) => ({ ...one, ...lost }));
    const { cli } = await scene(plan({ audit }));
    const { stdout } = await cli('show', 'op-1-c1');
    expect(stdout).toContain('/seen: a later one stands');
    expect(stdout).not.toContain('a later edit stands');
  });

  test('CF-6 UX-2 a decision that is not whole, or not one, changes nothing and says why', async () => {
    const { cli } = await scene(plan());
    const wrong: readonly (readonly [number, RegExp, ...(readonly string[])])[] = [
      [2, /--take, --choose, --side or --value-file/],
      [2, /asks 2 things/, '--take', '1'],
      [2, /none to number 2/, '--choose', '1=1'],
      [2, /Give a path/, '--choose', '1=x'],
      [1, /HF_INPUT_UNREADABLE/, '--value-file', join(tempFolder(), 'none.json')],
    ];
    for (const [code, says, ...args] of wrong) {
      const { exitCode, stdout, stderr } = await cli('resolve', 'op-1-c1', ...ANA, ...args);
      expect([args, exitCode, stdout]).toEqual([args, code, '']);
      expect(stderr).toMatch(says);
    }
    const nobody = await cli('resolve', 'op-1-c1', '--by', 'staff-7', '--side', '1');
    expect([nobody.exitCode, nobody.stderr]).toEqual([2, expect.stringContaining('--role')]);
    const unknown = await cli('resolve', 'none', ...ANA, '--side', '1');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('HF_CONFLICT_UNKNOWN'),
    ]);
    const file = join(tempFolder(), 'card.json');
    writeFileSync(file, '{"note":"4111 1111 1111 1111"}');
    const card = await cli('resolve', 'op-1-c1', ...ANA, '--value-file', file);
    expect([card.exitCode, card.stderr]).toEqual([
      1,
      expect.stringContaining('HF_CARD_NUMBER_REFUSED'),
    ]);
    expect((await cli('list', '--json')).stdout).toContain('"awaitingReview"');
  });

  test('CF-6 UX-1 a dry run shows what would come of it, and decides nothing', async () => {
    const { cli } = await scene(plan());
    const choices = ['--choose', '/emergencyContacts/c1/name=2', '--choose', '2=0'] as const;
    const dry = await cli('resolve', 'op-1-c1', ...ANA, ...choices, '--dry-run');
    expect(dry.stdout).toBe(
      'where                       what becomes of it\n/emergencyContacts/c1/name  "Mother" → "Mama"\n',
    );
    expect((await cli('list', '--json')).stdout).toContain('"awaitingReview"');
  });

  test('CF-6 what is decided is kept with who decided, once, and taken back', async () => {
    const { cli } = await scene(plan(), mood());
    const choices = ['--choose', '1=2', '--choose', '/note=1'] as const;
    const decided = await cli('resolve', 'op-1-c1', ...ANA, ...choices);
    expect([decided.exitCode, decided.stdout]).toEqual([
      0,
      'op-1-c1 is resolved by staff-7 (clinician): it is carried out when a process opens the store.\n',
    ]);
    expect((await cli('list')).stdout).toMatch(/resolved, to be carried out/);
    expect((await cli('show', 'op-1-c1', '--no-values')).stdout).toMatch(
      /Z +staff-7 \(clinician\) +resolved +to be carried out/,
    );
    const again = await cli('resolve', 'op-1-c1', ...ANA, '--side', '1');
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      expect.stringContaining('HF_CONFLICT_RESOLVED'),
    ]);
    const undone = await cli('undo', 'op-1-c1', '--by', 'staff-8', '--role', 'lead');
    expect(undone.stdout).toBe(
      'What was decided of op-1-c1 is undone by staff-8 (lead): it waits for a decision again.\n',
    );
    const none = await cli('undo', 'op-2-c16', ...ANA);
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('HF_CONFLICT_OPEN')]);
    // Where nothing is asked, what stands is taken.
    expect((await cli('resolve', 'op-2-c16', ...ANA, '--take', '0')).exitCode).toBe(0);
  });
});

describe('holdfast conflicts, through a running process', () => {
  test('CF-6 UX-1 the same calls, without a key', async () => {
    const { cli, start } = await scene(plan({ isHeld: false }));
    const runtime = await start();
    expect((await cli('list')).stdout).toMatch(/^op-1-c1 +\w+ +crisis_plan/m);
    const told: unknown[] = [];
    runtime.subscribe('conflict.resolved', (fact) => told.push(fact));
    runtime.subscribe('override.made', (fact) => told.push(fact));
    const choices = ['--choose', '1=0', '--choose', '2=0'] as const;
    const decided = await cli('resolve', 'op-1-c1', ...ANA, ...choices);
    expect(decided.stdout).toBe(
      'op-1-c1 is resolved by staff-7 (clinician): it stands already, and nothing is sent.\n',
    );
    expect(told).toEqual([
      expect.objectContaining({
        kind: 'conflict.resolved',
        by: { id: 'staff-7', role: 'clinician' },
      }),
      expect.objectContaining({ kind: 'override.made', what: 'conflict.resolve' }),
    ]);
    expect((await cli('list')).stdout).toBe('No conflicts wait.\n');
  });
});

test('CF-6 UX-1 operations show names the conflict that an operation waits for', async () => {
  const folder = join(tempFolder(), 'store');
  const keyPath = join(tempFolder(), 'holdfast.key');
  await createKeyFile(keyPath);
  const runtime = createRuntime({
    ...{ store: folder, key: keyFile(keyPath), upstreams: { records: {} } },
    handlers: {
      'notes.put': {
        upstream: 'records',
        run: () => {
          throw conflictFailure('Another version.');
        },
        conflicts: { fetchCurrent: () => ({ version: '"2"', value: { note: 'theirs' } }) },
      },
    },
  });
  onTestFinished(() => runtime.close({ deadlineMs: 0 }));
  await runtime.ready;
  const { id } = await runtime.sync({
    ...{ type: 'notes.put', subject: 'user-42', entity: { type: 'note', id: 'n-1' } },
    ...{ payload: { note: 'mine' }, base: { version: '"1"', value: { note: 'before' } } },
  });
  const open = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const one of runtime.conflicts.list()) found.push(one.id);
    return found;
  };
  await expect.poll(open).toHaveLength(1);
  const [conflictId = ''] = await open();
  const shown = await runCli(['operations', 'show', id, '--store', folder, '--key-file', keyPath]);
  expect(shown.stdout).toContain(`${conflictId}: holdfast conflicts show`);
});

describe('texts side by side', () => {
  test('UX-1 each in its column, nothing cut, wide characters counted as two', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapped('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrapped('  "a": "b c d e"', 10)).toEqual(['  "a": "b', '  c d e"']);
    expect(wrapped('落ち着いて', 4)).toEqual(['落ち', '着い', 'て']);
    const texts = ['a b', 'c', 'd', 'e'];
    expect(columns(texts, 80).split('\n')).toHaveLength(3);
    expect(columns(texts, 120).split('\n')).toHaveLength(1);
    for (const width of [30, 80, 160]) {
      const text = columns(['x'.repeat(300), 'y z '.repeat(90)], width, '  ');
      expect(text.match(/x/g)).toHaveLength(300);
      expect(text.match(/y/g)).toHaveLength(90);
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  test('CF-6 UX-1 of a question that came with the record it says who has both sides, and what is here', () => {
    const carried = { by: 'tablet', from: ['phone-1', 'tablet'] };
    const both = plan({ reason: 'elsewhere', isHeld: false, carried });
    const [words] = both.sides;
    expect(aboutText(detailsOf(both))).toContain(
      'tablet, about what phone-1 and tablet wrote; this store has its own words, tablet has all',
    );
    const none = words === undefined ? both : { ...both, sides: [words] };
    expect(aboutText(detailsOf(none))).toContain('this store has none of the words');
  });

  test('UX-1 SE-5 what a side wrote can not steer a terminal, and its card data is masked', () => {
    const note = '\u001b[2Jgone\u202e';
    const record = conflictOf({
      entity: 'recipe',
      base: { note: '' },
      ours: { note },
      theirs: { note: 'x', paid: '4111 1111 1111 1111' },
    });
    const raw: ConflictRecord = {
      ...record,
      sides: record.sides.map((side) => ({ ...side, value: { paid: '4111 1111 1111 1111' } })),
    };
    const text = detailsText(detailsOf(raw), 80);
    expect(text).toContain('\\u{1b}[2Jgone\\u{202e}');
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('4111 1111');
    const bold = { bold: (line: string) => `<${line}>`, cyan: (line: string) => line } as never;
    expect(paintDetails('Question 1: /note', bold)).toBe('<Question 1: /note>');
  });
});
