import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { permanentFailure } from '../../../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import {
  createOutput,
  errorText,
  plain,
  plainJson,
  plainLine,
} from '../../../../src/cli/kit/output.ts';
import { table } from '../../../../src/cli/kit/table.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

/** What must not reach a terminal or a log, by ranges from the Unicode standard, first and last of each. */
const UNSEEN: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x061c, 0x061c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2064],
  [0x2066, 0x2069],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xe0001, 0xe0001],
  [0xe0020, 0xe007f],
];
const CODE_POINTS = 0x110000;
const NEWLINE = '\n';

const UNSEEN_CHARACTER = new RegExp(
  `(?!${NEWLINE})[${UNSEEN.map((range) => range.map((code) => `\\u{${code.toString(16)}}`).join('-')).join('')}]`,
  'gu',
);

/** The unseen characters in a text, but line ends. */
function unseenIn(text: string): readonly string[] {
  return text.match(UNSEEN_CHARACTER) ?? [];
}

/** Every code point, a few thousand in a piece. */
function* everyCodePoint(): Generator<string> {
  const inPiece = 0x1000;
  for (let from = 0; from < CODE_POINTS; from += inPiece) {
    yield String.fromCodePoint(...Array.from({ length: inPiece }, (_, at) => from + at));
  }
}

/** What is written to stdout and stderr until the test ends. */
function captureOutput(): () => string {
  let written = '';
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((text) => {
      written += String(text);
      return true;
    });
    onTestFinished(() => {
      spy.mockRestore();
    });
  }
  return () => written;
}

test('UX-2 whatever the code point, nothing unseen is printed', () => {
  const written = captureOutput();
  const output = createOutput({ json: false });
  const json = createOutput({ json: true });
  for (const text of everyCodePoint()) {
    output.result({}, text);
    output.result({}, table(['name'], [[text]]));
    output.say(text);
    output.say(errorText(new HoldfastError('HF_LINE_INVALID', text, { field: text, path: text })));
    output.say(errorText(new Error(text)));
    createOutput({ json: false }).progress(() => text);
    json.result({ text, [text]: text }, '');
  }
  const all = written();
  expect(unseenIn(all)).toEqual([]);
  expect(all).toContain('\\u{1b}');
  expect(all.length).toBeGreaterThan(CODE_POINTS);
});

test('UX-2 what can be seen is printed as it is, and JSON still says the same', () => {
  const changed: string[] = [];
  for (const text of everyCodePoint()) {
    for (const one of text) if (plain(one) !== one) changed.push(one);
    expect(JSON.parse(plainJson({ text }))).toEqual({ text });
  }
  // The few that are not listed above are format characters too.
  expect(changed.filter((one) => unseenIn(one).length === 0 && !/\p{Cf}/u.test(one))).toEqual([]);
  expect(changed).not.toContain(NEWLINE);
  expect(plainLine('a\nb\u202ec')).toBe('a\\u{a}b\\u{202e}c');
  expect(plainJson('\u{e0041}')).toBe('"\\udb40\\udc41"');
});

test('UX-2 a line end in data makes no row of its own', () => {
  expect(table(['subject'], [['one\nPASS  all is well']]).split('\n')).toHaveLength(2);
  expect(errorText(new HoldfastError('HF_LINE_INVALID', 'a\nb')).split('\n')).toHaveLength(2);
});

test('UX-2 a long progress line is cut at the width after it was made plain', () => {
  const written = captureOutput();
  createOutput({ json: false }).progress(() => '\u001b'.repeat(500));
  expect(unseenIn(written())).toEqual([]);
});

const HOSTILE = '\u001b]0;owned\u0007\u001b[8m\u202e\u009b31m\r\nPASS';

describe.each([[], ['--json']])('commands over hostile content, %s', (...flags) => {
  test('UX-2 nothing unseen reaches stdout or stderr', async () => {
    const folder = join(tempFolder(), 'store');
    const keyPath = join(tempFolder(), 'holdfast.key');
    await createKeyFile(keyPath);
    const runtime = createRuntime({
      store: folder,
      key: keyFile(keyPath),
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: () => {
            throw permanentFailure(`Refused: ${HOSTILE}`);
          },
        },
      },
    });
    const operation = await runtime.sync({
      type: 'payments.push',
      subject: `user ${HOSTILE}`,
      entity: { type: 'subscription', id: HOSTILE },
      tier: 'basic',
    });
    await operation.outcome;
    await runtime.close();
    const its = ['--store', folder, '--key-file', keyPath];
    const line = JSON.stringify({ type: 'a.b', subject: 's', tier: 'basic', [HOSTILE]: 1 });
    const ran = [
      await runCli(['operations', ...its, ...flags]),
      await runCli(['dead-letters', 'list', ...its, ...flags]),
      await runCli(['dead-letters', 'show', operation.id, ...its, ...flags]),
      await runCli(['dead-letters', 'show', HOSTILE, ...its, ...flags]),
      await runCli(['doctor', '--store', HOSTILE, '--key-file', HOSTILE, ...flags]),
      await runCli([`--${HOSTILE}`]),
      await runCli(['run', '-', '--upstream', 'http://127.0.0.1:10', ...its, ...flags], {
        input: `${line}\n`,
      }),
    ];
    for (const { stdout, stderr } of ran) expect(unseenIn(stdout + stderr)).toEqual([]);
    const [list, , show] = ran;
    expect(list?.stdout).toContain('HF_UPSTREAM_REFUSED');
    expect(show?.stdout).toMatch(/user \\u\{?(001b|1b)/);
    expect(ran.at(-1)?.stderr).toContain('HF_LINE_INVALID');
    // The name of a field that is not known may be data.
    expect(ran.at(-1)?.stderr).toContain('a field that is not known');
    expect(ran.at(-1)?.stderr).not.toContain('owned');
  });
});

test('PS-3 UX-2 the reason of a quarantined record is a code of ours, whatever the file says', async () => {
  const folder = join(tempFolder(), 'store');
  const keyPath = join(tempFolder(), 'holdfast.key');
  await createKeyFile(keyPath);
  const runtime = createRuntime({
    store: folder,
    key: keyFile(keyPath),
    handlers: { 'payments.push': { upstream: 'default', run: () => null } },
  });
  const request = { type: 'payments.push', subject: 'user-42', tier: 'basic' } as const;
  await (await runtime.sync(request)).outcome;
  await runtime.close();
  const inFile = (sql: string, ...values: readonly string[]): void => {
    const db = new Database(join(folder, 'data.db'));
    db.prepare(sql).run(...values);
    db.close();
  };
  const its = ['--store', folder, '--key-file', keyPath];
  inFile('UPDATE operation SET state = CAST(substr(state, 1, length(state) - 1) AS BLOB)');
  // Finds it, and sets it aside.
  await runCli(['dead-letters', 'list', ...its]);
  await runCli(['operations', ...its]);
  inFile('UPDATE quarantine SET code = ?', `HF_X ${HOSTILE}`);
  const { stdout, stderr } = await runCli(['quarantine', 'list', '--json', ...its]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ code: 'HF_RECORD_TAMPERED' });
});
