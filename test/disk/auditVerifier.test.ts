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

/** The verdict in Perl: the number of entries and the root, or that there is a fault. */
function inPerl(file: string, ...more: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(
    'perl',
    ['test/disk/verifyAudit.pl', file, ...more],
    {
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  return status === 0 ? stdout.trim() : 'fault';
}

function here(lines: readonly string[], isCompared: boolean): string {
  const verifier = new AuditVerifier({ checkpoints: isCompared ? [checkpoint] : [] });
  for (const text of lines) verifier.add(text);
  const { faults, entries, root } = verifier.end();
  return faults.length === 0 ? `${entries} ${root.toString('hex')}` : 'fault';
}

function compare(lines: readonly string[]): readonly string[] {
  const file = join(tempFolder(), 'audit.ndjson');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''), 'latin1');
  const root = Buffer.from(checkpoint.root).toString('hex');
  const verdicts = [here(lines, false), here(lines, true)];
  expect(inPerl(file)).toBe(verdicts[0]);
  expect(inPerl(file, String(checkpoint.size), root)).toBe(verdicts[1]);
  return verdicts;
}

test('AU-2 control: of a log that nobody touched both say how long it is and what its root is', () => {
  const root = Buffer.from(checkpoint.root).toString('hex');
  expect(compare(texts)).toEqual([`${ENTRIES} ${root}`, `${ENTRIES} ${root}`]);
  expect(compare([])).toEqual([expect.stringMatching(/^0 e3b0c442/), 'fault']);
});

test('AU-2 whatever single thing is done to it, both tell', () => {
  const random = seededRandom(7);
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
    if (compared === 'fault') faults += 1;
  }
  // Some edits come to nothing.
  expect(faults).toBeGreaterThan(140);
});
