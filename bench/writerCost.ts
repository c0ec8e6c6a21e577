/**
 * What one operation costs where it is sealed and written: its acceptance and its ending, in commits
 * of 1 to 200 of either, with the writer in this thread and nothing else at work. Each size of commit
 * is given twice: with payloads that are sealed with the state, and with ones a character too long
 * for that, which have an envelope and a row of their own (docs/decisions/0046).
 *
 * They take turns, and each figure is the median of the rounds. For where the time goes, run it under
 * `node --cpu-prof`. Usage: writerCost.js [rounds]
 *
 * @module
 */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { AcceptWrite, UpdateWrite, Write } from '../persistence/port/store.ts';
import { nodeEngine } from '../persistence/sealing/nodeEngine.ts';
import { createSealer } from '../persistence/sealing/recordSealer.ts';
import { SqliteCore } from '../persistence/sqlite/writer/sqliteCore.ts';
import { median, printMachine, printTable, temporaryFolder } from './support.ts';

const rounds = Number(process.argv[2] ?? 3);
const COMMIT_SIZES = [1, 10, 50, 200] as const;
const INSIDE_UNITS = 1_024;
const STORE_ID = 'ab'.repeat(16);
/** As long as what the engine keeps of an operation. */
const STATE = JSON.stringify({ context: 'x'.repeat(600) });

interface Figure {
  readonly cpuMicros: number;
  readonly micros: number;
}

function accept(seq: number, payload: string): AcceptWrite {
  return {
    kind: 'accept',
    seq,
    // The first digits grow, as those of the engine's ids do.
    id: `${seq.toString(16).padStart(8, '0')}-${randomUUID().slice(9)}`,
    urgency: 3,
    standing: 'inHand',
    dueAtMs: null,
    route: 'bench',
    subject: `user-${seq}`,
    lane: `subscription\0sub-${seq}`,
    idempotencyKey: `key-${seq}`,
    expiresAtMs: null,
    state: STATE,
    payload,
  };
}

function settlement({ seq, id, urgency, expiresAtMs, subject }: AcceptWrite): UpdateWrite {
  return {
    kind: 'update',
    seq,
    id,
    urgency,
    expiresAtMs,
    subject,
    revision: 2,
    standing: 'settled',
    dueAtMs: seq,
    waitsFor: 'turn',
    route: 'bench',
    state: STATE,
    leavesLane: true,
    payload: null,
  };
}

function measure(commitSize: number, payloadUnits: number): Figure {
  const core = new SqliteCore({
    path: join(temporaryFolder(), 'data.db'),
    sealer: createSealer({
      engine: nodeEngine,
      storeKey: new Uint8Array(32).fill(7),
      keyId: 1,
      storeId: STORE_ID,
    }),
    storeId: STORE_ID,
    create: true,
    isNew: true,
    ownership: { confirm: () => null },
    claims: true,
    generation: null,
  });
  core.open();
  const payload = 'x'.repeat(payloadUnits);
  const commit = (writes: readonly Write[]): void => {
    const [reply] = core.run([{ kind: 'commit', writes }]).replies;
    if (reply === undefined || 'error' in reply) throw new Error('A commit failed.');
  };
  let seq = 0;
  const run = (count: number): void => {
    for (const end = seq + count; seq < end; seq += commitSize) {
      const seqs = Array.from({ length: commitSize }, (_, index) => seq + index);
      const accepted = seqs.map((each) => accept(each, payload));
      commit(accepted);
      commit(accepted.map(settlement));
    }
  };
  run(2_000);
  const count = commitSize < 10 ? 2_000 : 16_000;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  run(count);
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  core.close();
  return { cpuMicros: (user + system) / count, micros: (elapsedMs * 1_000) / count };
}

printMachine();
const rows = [];
for (const size of COMMIT_SIZES) {
  const inside: Figure[] = [];
  const apart: Figure[] = [];
  for (let round = 0; round < rounds; round += 1) {
    inside.push(measure(size, INSIDE_UNITS));
    apart.push(measure(size, INSIDE_UNITS + 1));
  }
  const of = (figures: readonly Figure[], name: keyof Figure): number =>
    Math.round(median(figures.map((figure) => figure[name])));
  rows.push({
    'in a commit': size,
    'inside µs': of(inside, 'micros'),
    'inside CPU µs': of(inside, 'cpuMicros'),
    'apart µs': of(apart, 'micros'),
    'apart CPU µs': of(apart, 'cpuMicros'),
  });
}
printTable(`An operation accepted and settled by the writer, median of ${rounds} rounds`, rows);
