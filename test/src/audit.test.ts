/**
 * What is recorded of what a runtime does: who did what and to whom, with the write that it is about, and nothing that
 * anybody wrote. The log itself: test/persistence/contract/audit.ts; with a killed process: test/oracle/restart/audit.test.ts.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { permanentFailure, transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { type AuditEntry, parseEntry } from '../../persistence/audit/auditEntry.ts';
import { AuditVerifier } from '../../persistence/audit/verifyAudit.ts';
import type { Store, Write } from '../../persistence/port/store.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const ANN = { id: 'ann@clinic.example', role: 'clinician' } as const;
const BEN = { id: 'ben@clinic.example', role: 'operator' } as const;
const PERSON = 'user-42';
/** A word for each place where somebody writes freely: none may be in an entry. */
const CANARIES = Array.from({ length: 20 }, (_, at) => `canary${at}`);

async function textsOf(store: Pick<Store, 'auditPage'>): Promise<readonly string[]> {
  return (await store.auditPage({ fromSeq: 0, limit: 1_000 })).entries;
}

async function entriesOf(process: Process): Promise<readonly AuditEntry[]> {
  return (await textsOf(process.store)).map(parseEntry);
}

/** The acts of a log, each with its code, its call or its outcome where it has one. */
async function actsOf(process: Process): Promise<readonly string[]> {
  return (await entriesOf(process)).map(({ act, code, call, out }) =>
    [act, call, out, code].filter((one) => one !== undefined).join(' '),
  );
}

interface Scene {
  readonly world: World;
  readonly process: Process;
  /** What the upstreams do: work, refuse or be down. */
  upstream: 'works' | 'refuses' | 'isDown';
}

async function scene(more: object = {}): Promise<Scene> {
  const world = createWorld();
  const run = (): null => {
    if (made.upstream === 'refuses') throw permanentFailure('No.');
    if (made.upstream === 'isDown') throw transientFailure('Down.');
    return null;
  };
  const process = world.boot({
    handlers: {
      'payments.push': { upstream: 'default', run },
      'crisis.alert': { upstream: 'help', run },
    },
    upstreams: { default: {}, help: {} },
    ...more,
  });
  const made: Scene = { world, process, upstream: 'works' };
  await world.clock.run(process.runtime.ready);
  return made;
}

async function pay({ world, process }: Scene, payload: string = 'x'): Promise<string> {
  const request = { type: 'payments.push', subject: PERSON, payload } as const;
  const operation = await world.clock.run(process.runtime.sync(request));
  await world.clock.run(operation.outcome);
  return operation.id;
}

describe('AU-1 each is recorded with its write', () => {
  test('AU-1 ordinary work that is done is in its history, and costs the audit nothing', async () => {
    const made = await scene();
    await pay(made);
    expect(await actsOf(made.process)).toEqual([]);
  });

  test('AU-1 a dead letter, its replay and its purge: each order before it is carried out, then what came of it', async () => {
    const made = await scene();
    const { world, process } = made;
    made.upstream = 'refuses';
    const id = await pay(made);
    await world.clock.run(process.runtime.deadLetters.replay(id));
    await world.clock.run(process.runtime.operations.get(id).outcome);
    await world.clock.run(process.runtime.deadLetters.purge(id));
    await world.clock.advance(1_000);
    expect(await actsOf(process)).toEqual([
      'operation.ended HF_UPSTREAM_REFUSED',
      'call.made deadLetter.replay asked',
      'operation.replayed',
      'override.made deadLetter_replay',
      'operation.ended HF_UPSTREAM_REFUSED',
      'call.made deadLetter.purge asked',
      'operation.purged',
      'override.made deadLetter_purge',
    ]);
    const entries = await entriesOf(process);
    const subject = await process.store.auditHandle({ person: PERSON });
    expect(entries[0]).toMatchObject({ operation: id, subject });
    expect(entries[1]).toMatchObject({ via: 'app', operation: id });
    expect(entries[2]).toMatchObject({ operation: id, subject });
  });

  test('AU-1 by processes that start at the same time, as where a clock begins anew with each start', async () => {
    const world = createWorld();
    for (const count of [1, 2, 3]) {
      const { runtime, store, kill } = world.boot({ upstreams: { help: {} } });
      await world.clock.run(runtime.ready);
      const help = runtime.upstream('help');
      help.forceOpen('down', ANN.id);
      help.release(ANN.id);
      // Time stands still: virtual time goes on where it is told to alone.
      await world.clock.run(runtime.audit.checkpoint());
      const calls = (await textsOf(store)).map(parseEntry).filter(({ act }) => act === 'call.made');
      expect(calls).toHaveLength(2 * count);
      kill();
    }
  });

  test('AU-1 CB-1 DG-1 a trip and a level', async () => {
    const made = await scene();
    made.upstream = 'isDown';
    for (let count = 0; count < 20; count += 1) {
      const request = { type: 'payments.push', subject: PERSON, payload: count } as const;
      await made.world.clock.run(made.process.runtime.sync(request));
    }
    await made.world.clock.advance(60_000);
    const acts = await actsOf(made.process);
    expect(acts).toContain('breaker.changed open');
    expect(acts.some((act) => act.startsWith('level.changed'))).toBe(true);
  });

  test('AU-1 CR-4 CR-5 a crisis, each step told, and what people decide', async () => {
    const made = await scene({
      crisis: { escalation: [{ name: 'on-call', notify: () => null }] },
    });
    const { world, process } = made;
    made.upstream = 'isDown';
    const crisis = await process.runtime.crisis({ subject: PERSON, payload: 'words' });
    const id = crisis.operationId ?? '';
    await world.clock.run(crisis.durable);
    await world.clock.advance(120_000);
    await world.clock.run(process.runtime.crises.acknowledge(id, { by: ANN, note: 'I call them' }));
    await world.clock.run(process.runtime.crises.release(id, { by: ANN }));
    made.upstream = 'works';
    await world.clock.run(process.runtime.operations.get(id).outcome);
    await world.clock.advance(1_000);
    const acts = await actsOf(process);
    const ofCrisis = acts.filter((act) => /^(?:crisis|call|operation)/.test(act));
    expect(ofCrisis).toEqual([
      'crisis.accepted',
      'crisis.escalated attemptsUsedUp',
      'crisis.stepNotified',
      'call.made crisis.acknowledge asked',
      'crisis.acknowledged',
      'call.made crisis.release asked',
      'crisis.released',
      'crisis.stepNotified',
      'operation.ended completed',
      'crisis.escalationEnded completed',
    ]);
    const [accepted, , told] = (await entriesOf(process)).filter(({ act }) =>
      act.startsWith('crisis'),
    );
    const subject = await process.store.auditHandle({ person: PERSON });
    expect(accepted).toMatchObject({ operation: id, subject });
    expect(told).toMatchObject({ operation: id, subject, step: 'on-call', n: { calls: 1 } });
  });

  test('AU-1 CR-6 crisis mode is entered and left', async () => {
    const { world, process } = await scene();
    const { crisisMode } = process.runtime;
    await world.clock.run(crisisMode.enter({ subject: PERSON, by: ANN, reason: 'called twice' }));
    await world.clock.run(crisisMode.leave({ subject: PERSON, by: BEN }));
    await world.clock.advance(1_000);
    expect(await actsOf(process)).toEqual([
      'call.made crisisMode.enter asked',
      'crisisMode.changed entered',
      'override.made crisisMode_enter',
      'call.made crisisMode.leave asked',
      'crisisMode.changed left',
      'override.made crisisMode_leave',
    ]);
  });

  test('AU-1 orders in memory: a breaker and policies', async () => {
    const { world, process } = await scene();
    process.runtime.upstream('default').forceOpen('the bank asked for it', 'ben');
    await world.clock.advance(1_000);
    const acts = await actsOf(process);
    expect(acts).toContain('call.made breaker.forceOpen asked');
    expect(acts).toContain('breaker.changed forcedOpen');
  });

  test('AU-1 OP-1 a cancel that nobody ordered by a call is recorded by what came of it', async () => {
    const made = await scene();
    made.upstream = 'isDown';
    const request = { type: 'payments.push', subject: PERSON, payload: 1 } as const;
    const operation = await made.world.clock.run(made.process.runtime.sync(request));
    await made.world.clock.run(operation.cancel());
    await made.world.clock.run(operation.outcome);
    await made.world.clock.advance(1_000);
    expect(await actsOf(made.process)).toContain('operation.ended cancelled');
  });

  test('AU-1 a call that fails is recorded with its code', async () => {
    const { world, process } = await scene();
    const unknown = '00000000-0000-4000-a000-000000000000';
    const replay = process.runtime.deadLetters.replay(unknown);
    await expect(world.clock.run(replay)).rejects.toMatchObject({ code: 'HF_OPERATION_UNKNOWN' });
    await world.clock.advance(1_000);
    expect(await actsOf(process)).toEqual([
      'call.made deadLetter.replay asked',
      'call.made deadLetter.replay failed HF_OPERATION_UNKNOWN',
    ]);
  });

  test('AU-1 CF-6 a call about a conflict is recorded with the edit whose conflict it is', async () => {
    const { world, process } = await scene();
    const edit = '00000000-0000-4000-a000-000000000000';
    const resolved = process.runtime.conflicts.resolve(`${edit}-c1`, { by: ANN, side: 1 });
    await expect(world.clock.run(resolved)).rejects.toMatchObject({ code: 'HF_CONFLICT_UNKNOWN' });
    await world.clock.advance(1_000);
    const orders = (await entriesOf(process)).filter(({ call }) => call === 'conflict.resolve');
    expect(orders.map(({ out, operation }) => [out, operation])).toEqual([
      ['asked', edit],
      ['failed', edit],
    ]);
  });
});

test('AU-1 SE-5 no word that anybody wrote is in an entry, nor who they are', async () => {
  const [reason, note, tag, payload, ...rest] = CANARIES;
  const made = await scene({ crisis: { escalation: [{ name: 'on-call', notify: () => null }] } });
  const { world, process } = made;
  const { runtime } = process;
  const by = { id: rest[0] ?? '', role: rest[1] ?? '' };
  made.upstream = 'refuses';
  const request = {
    type: 'payments.push',
    subject: rest[2] ?? '',
    payload: payload ?? '',
    tags: [tag ?? ''],
    idempotencyKey: rest[3] ?? '',
    entity: { type: 'account', id: rest[4] ?? '' },
  } as const;
  const operation = await world.clock.run(runtime.sync(request));
  await world.clock.run(operation.outcome);
  await world.clock.run(runtime.deadLetters.replayAll({ typePart: tag ?? '' }));
  made.upstream = 'isDown';
  const crisis = await runtime.crisis({ subject: rest[5] ?? '', payload: rest[6] ?? '' });
  await world.clock.advance(120_000);
  const id = crisis.operationId ?? '';
  await world.clock.run(runtime.crises.acknowledge(id, { by, note: note ?? '' }));
  await world.clock.run(
    runtime.crisisMode.enter({ subject: rest[7] ?? '', by, reason: reason ?? '' }),
  );
  runtime.upstream('default').forceOpen(rest[8] ?? '', rest[9] ?? '');
  await world.clock.advance(10_000);
  const texts = (await textsOf(process.store)).join('\n');
  expect(texts.length).toBeGreaterThan(1_000);
  for (const canary of CANARIES) expect(texts).not.toContain(canary);
});

test('AU-1 control: an entry is in the commit of the write that it is about', async () => {
  const made = await scene();
  const { world, process } = made;
  const commits: string[][] = [];
  process.store.faults.fate = (writes: readonly Write[]) => {
    commits.push(writes.map((write) => ('audit' in write ? `${write.kind}+` : write.kind)));
    return 'works';
  };
  made.upstream = 'refuses';
  await pay(made);
  made.upstream = 'isDown';
  const { durable } = await process.runtime.crisis({ subject: PERSON, payload: 'words' });
  await world.clock.run(durable);
  await world.clock.advance(200_000);
  expect(commits.flat()).toContain('update+');
  expect(commits.flat()).toContain('accept+');
  // What is recorded by itself is never alone in a commit while its crisis is written, too.
  const escalated = commits.find((kinds) => kinds.includes('audit') && kinds.includes('update'));
  expect(escalated).toBeDefined();
});

test('AU-2 PS-2 what is recorded outlives the process, and is one chain', async () => {
  const made = await scene();
  const { world, process } = made;
  made.upstream = 'refuses';
  await pay(made);
  process.kill();
  const next = world.boot({
    handlers: { 'payments.push': { upstream: 'default', run: () => null } },
  });
  await world.clock.run(next.runtime.ready);
  const [letter] = (await entriesOf(next)).map(({ operation }) => operation);
  await world.clock.run(next.runtime.deadLetters.replay(letter ?? ''));
  await world.clock.advance(1_000);
  const verifier = new AuditVerifier({});
  for (const text of await textsOf(next.store)) verifier.add(text);
  expect(verifier.end()).toMatchObject({ entries: 4, faults: [] });
});
