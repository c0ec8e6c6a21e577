/**
 * A real runtime under load, for the inspector to look at: an upstream that misbehaves and goes down, edits of
 * records that conflict, requests that are refused for good, crises. Everything that must leave for no page has a
 * canary in it.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedSource } from '../../../inspector/protocol.ts';
import { type Priority, TIERS } from '../../../machines/vocabulary/urgency.ts';
import { createKeyFile, keyFile } from '../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import type { HoldfastRuntime } from '../../../src/holdfastRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import {
  type MisbehavingUpstream,
  startMisbehavingUpstream,
} from '../../../src/testing/misbehavingUpstream.ts';
import { type RecordServer, startRecordServer } from '../../../src/testing/recordServer.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { HANGS_AFTER_MS } from '../hangs.ts';

/** Stands in payloads, subjects, entities, tags, keys and notes, and must stand in no page. */
export const CANARY = 'canary-7f3a';

const PAYMENTS = 'payments';
const RECORDS = 'records';
const CARE = 'careTeam';
const EVERY_MS = 15;
/** Waits for a person: nobody has declared how it is merged. */
const RECIPE = { type: 'recipe', id: `${CANARY}-recipe` };

export type LiveRuntime = ReturnType<typeof createRuntimeOf>;

export class LiveScene {
  readonly runtime: LiveRuntime;
  /** What an inspector of it watches. */
  readonly source: FeedSource;
  readonly payments: MisbehavingUpstream;
  readonly records: RecordServer;
  readonly store: string;
  readonly #folder: string;
  readonly #random = seededRandom(7);
  #isLoaded = false;
  #load: Promise<void> = Promise.resolve();
  #number = 0;

  private constructor(
    folder: string,
    store: string,
    upstreams: readonly [MisbehavingUpstream, RecordServer],
    runtime: LiveRuntime,
  ) {
    this.#folder = folder;
    this.store = store;
    [this.payments, this.records] = upstreams;
    this.runtime = runtime;
    this.source = (runtime as unknown as HoldfastRuntime).feed;
  }

  static async open(): Promise<LiveScene> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-browser-'));
    const key = join(folder, 'holdfast.key');
    await createKeyFile(key);
    const payments = await startMisbehavingUpstream({
      misbehaviour: { busy503: 0.08, droppedBefore: 0.04, droppedAfterApplying: 0.03 },
      latencyMs: 20,
    });
    const records = await startRecordServer({ faults: { busy503: 0.05 } });
    const store = join(folder, 'store');
    const runtime = createRuntimeOf(store, key, payments.url, records.url);
    await runtime.ready;
    return new LiveScene(folder, store, [payments, records], runtime);
  }

  /** Begins to hand in work, and goes on until {@link calm}. */
  load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    this.#load = this.#work();
  }

  /** Ends the load, and resolves once nothing is in flight any more. */
  async calm(): Promise<void> {
    this.#isLoaded = false;
    await this.#load;
    await until(() => {
      const { operations, waiting } = this.runtime.getHealthStatus();
      return operations.attemptsRunning === 0 && waiting.turn === 0;
    });
  }

  /** One request to an upstream that takes it, sooner or later. */
  submit() {
    return this.runtime.sync(this.#request());
  }

  /** One request that its upstream refuses for good, until it is a dead letter. */
  async refused(): Promise<string> {
    const operation = await this.runtime.sync({ ...this.#request(), type: 'payments.refused' });
    await operation.outcome;
    return operation.id;
  }

  /** One edit that no rule can merge: a person is asked. Resolves once that is so. */
  async conflict(): Promise<string> {
    const path = `/${RECIPE.type}/${RECIPE.id}`;
    const base = { version: this.records.put(path, { note: 'before' }), value: { note: 'before' } };
    this.records.put(path, { note: `${CANARY} theirs` });
    const { id } = await this.runtime.sync({
      type: 'records.put',
      subject: `${CANARY}-subject`,
      entity: RECIPE,
      base,
      payload: { note: `${CANARY} mine` },
    });
    await until(() => this.runtime.getHealthStatus().conflicts.count > 0);
    return id;
  }

  crisis() {
    this.#number += 1;
    return this.runtime.crisis({
      type: 'crisis.report',
      subject: `${CANARY}-subject-${this.#number % 5}`,
      payload: { said: `${CANARY} help` },
    });
  }

  async close(): Promise<void> {
    this.#isLoaded = false;
    await this.#load;
    await this.runtime.close({ deadlineMs: 1_000 });
    await Promise.all([this.payments.close(), this.records.close()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #work(): Promise<void> {
    while (this.#isLoaded) {
      await this.runtime.sync(this.#request());
      if (this.#number % 20 === 0) void this.crisis();
      await sleep(EVERY_MS);
    }
  }

  #request() {
    this.#number += 1;
    const number = this.#number;
    return {
      type: 'payments.push',
      subject: `${CANARY}-subject-${number % 5}`,
      entity: { type: 'payment', id: `${CANARY}-payment-${number % 40}` },
      tier: this.#random.pick(TIERS),
      priority: this.#random.pick<Priority>(['high', 'normal', 'low']),
      tags: [`${CANARY}-tag`],
      idempotencyKey: `${CANARY}-key-${number}`,
      payload: { number, note: `${CANARY} of the payload` },
    } as const;
  }
}

function createRuntimeOf(store: string, key: string, paymentsUrl: string, recordsUrl: string) {
  const push = httpHandler({ baseUrl: paymentsUrl });
  const refuse = httpHandler({ baseUrl: paymentsUrl, path: 'payments/refused' });
  const put = httpHandler({
    ...{ baseUrl: recordsUrl, path: '{entity.type}/{entity.id}', method: 'PUT' },
  });
  return createRuntime({
    store,
    key: keyFile(key),
    name: 'clinic',
    device: 'tablet',
    crisis: { type: 'crisis.report' },
    upstreams: { [PAYMENTS]: { attemptTimeoutMs: 2_000 }, [RECORDS]: {}, [CARE]: {} },
    // What is asked of a person is told there, too.
    onError: () => {},
    handlers: {
      'payments.push': { upstream: PAYMENTS, run: push },
      'payments.refused': { upstream: PAYMENTS, run: refuse },
      'records.put': { upstream: RECORDS, run: put, conflicts: true },
      'crisis.report': { upstream: CARE, run: () => ({ taken: true }) },
    },
  });
}

/** Asks again until it is so. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  withinMs = HANGS_AFTER_MS,
): Promise<void> {
  const endsAt = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > endsAt)
      throw new Error(`not so within ${withinMs} ms: ${String(isSo)}`);
    await sleep(25);
  }
}
