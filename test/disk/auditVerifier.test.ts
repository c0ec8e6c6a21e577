/**
 * A verifier in another language, written from docs/audit-format.md alone, has the same verdict on logs of a real store as
 * holdfast has, whatever was done to them. Needs Perl: `apt-get install perl`.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openCheckpoint } from '../../persistence/audit/checkpoint.ts';
import { AuditVerifier } from '../../persistence/audit/verifyAudit.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import type { AuditNote } from '../../persistence/port/audit.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { idOf } from '../persistence/contract/writes.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const ENTRIES = 40;
let texts: readonly string[];
let checkpoint: ReturnType<typeof openCheckpoint>;

/** Some of all that an entry may hold. */
function noteOf(at: number): AuditNote {
  const notes: readonly Partial<AuditNote>[] = [
    { act: 'call.made', call: 'store.release', out: 'asked', via: 'socket', by: 'ana' },
    { act: 'crisis.stepNotified', step: 'on-call', subject: 'user-1', n: { calls: at } },
    { act: 'breaker.changed', upstream: 'a bank', code: 'open' },
    { act: 'retention.purged', n: { to: at + 1, count: 2, from: at, below: -3 } },
    { act: 'operation.ended', operationId: idOf(at), code: 'HF_UPSTREAM_REFUSED' },
  ];
  return { act: 'crisis.noted', ...notes[at % notes.length], id: idOf(at + 1_000), atMs: at };
}

beforeAll(async () => {
  if (spawnSync('perl', ['-MDigest::SHA', '-e', '1']).status !== 0) {
    throw new Error('Perl with Digest::SHA is missing: apt-get install perl');
  }
  const store = createMemoryStore('ab'.repeat(16));
  await store.open();
  for (let at = 0; at < ENTRIES; at += 1) await store.commit([{ kind: 'audit', note: noteOf(at) }]);
  texts = (await store.auditPage({ fromSeq: 0, limit: 1_000 })).entries;
  const made = await store.auditCheckpoint();
  checkpoint = openCheckpoint(made.checkpoint, made.publicKey);
});

/** The words of both where all fits together and is not what the checkpoint was made of. */
const OTHER = 'other than the checkpoint';

/** The number of entries and the root, {@link OTHER}, or which entry is at fault: one of several where that can't be told. */
type Verdict = string | { readonly from: number; readonly to: number };

/** The verdict in Perl: what it prints. */
function inPerl(file: string, ...more: readonly string[]): string {
  const args = ['test/disk/verifyAudit.pl', file, ...more];
  const { stdout, stderr } = spawnSync('perl', args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim();
}

function here(lines: readonly string[], isCompared: boolean): Verdict {
  const verifier = new AuditVerifier({ checkpoints: isCompared ? [checkpoint] : [] });
  for (const text of lines) verifier.add(text);
  const { faults, entries, root } = verifier.end();
  const [first] = faults;
  if (first === undefined) return `${entries} ${root.toString('hex')}`;
  const { kind, seq, also = seq } = first;
  if (kind === 'otherThanCheckpoint') return OTHER;
  return { from: seq, to: kind === 'edited' ? also : seq };
}

/** Compares what both say, and gives what is said here: of the log alone, and with a checkpoint. */
function compare(lines: readonly string[]): readonly [Verdict, Verdict] {
  const file = join(tempFolder(), 'audit.ndjson');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''), 'latin1');
  const root = Buffer.from(checkpoint.root).toString('hex');
  const verdicts = [here(lines, false), here(lines, true)] as const;
  const there = [inPerl(file), inPerl(file, String(checkpoint.size), root)];
  for (const [at, verdict] of verdicts.entries()) {
    const said = there[at] ?? '';
    if (typeof verdict === 'string') {
      expect(said).toBe(verdict);
      continue;
    }
    const named = Number(/^entry (\d+): /.exec(said)?.[1]);
    const names = `${said}, and here ${JSON.stringify(verdict)}`;
    expect(named >= verdict.from && named <= verdict.to, names).toBe(true);
  }
  return verdicts;
}

test('AU-2 control: of a log that nobody touched both say how long it is and what its root is', () => {
  const root = Buffer.from(checkpoint.root).toString('hex');
  expect(compare(texts)).toEqual([`${ENTRIES} ${root}`, `${ENTRIES} ${root}`]);
  expect(compare([])).toEqual([expect.stringMatching(/^0 e3b0c442/), { from: 0, to: 0 }]);
});

test('AU-2 both refuse the same forms of a line', () => {
  const line = texts[3] ?? '';
  const forms = [
    line.replace(/"at":\d+/, '"at":9007199254740991'),
    line.replace(/"at":\d+/, '"at":9007199254740992'),
    line.replace(/"at":\d+/, '"at":01'),
    line.replace(/"at":\d+/, '"at":-1'),
    line.replace(/"at":(\d+)/, '"at":$1.0'),
    line.replace('"below":-3', '"below":-0'),
    line.replace('"below":-3', '"below":-9007199254740992'),
    line.replace('"below":-3,"count":2', '"count":2,"below":-3'),
    line.replace(/"n":\{[^}]*\}/, '"n":{}'),
    line.replace('{"act"', '{ "act"'),
    line.replace('"v":1', '"v":1,"x":1'),
    line.replace('"v":1', '"v":1,"v":1'),
    line.replace('retention.purged', 'retention\\u002epurged'),
    `${line}\r`,
    `${line},`,
    '',
  ];
  expect(new Set([line, ...forms]).size).toBe(forms.length + 1);
  // As the last line: no entry after it tells that it is another one.
  const [greatest, ...others] = forms.map((form) => compare([...texts.slice(0, 3), form])[0]);
  expect(greatest).toMatch(/^4 /);
  for (const verdict of others) expect(verdict).toEqual({ from: 3, to: 3 });
});

test('AU-2 whatever single thing is done to it, both name the same entry', () => {
  const random = seededRandom(7);
  const [whole] = compare(texts);
  let faults = 0;
  for (let round = 0; round < 150; round += 1) {
    const seq = random.below(ENTRIES);
    const text = texts[seq] ?? '';
    const at = random.below(text.length);
    const put = String.fromCodePoint(33 + random.below(90));
    const changed = [
      texts.with(seq, text.slice(0, at) + put + text.slice(at + 1)),
      texts.toSpliced(seq, 1),
      texts.slice(0, seq),
      texts.toSpliced(seq, 1).toSpliced(random.below(ENTRIES), 0, text),
      texts.toSpliced(seq, 0, text),
    ];
    const [, compared] = compare(changed[round % changed.length] ?? []);
    if (compared !== whole) faults += 1;
  }
  // Some edits come to nothing.
  expect(faults).toBeGreaterThan(140);
});
