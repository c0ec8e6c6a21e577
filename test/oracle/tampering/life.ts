/**
 * The life of a store that is edited later: every kind of row and file, in all the states that matter, and a copy of the
 * folder after each step. Nothing of it is drawn, so each life is the same but for ids and keys.
 *
 * @module
 */

import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { Handler } from '../../../actors/port.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import type { CrisisRequest, Runtime } from '../../../src/runtime.ts';
import type { LifeOrder, LifeReport, Named } from './messages.ts';

type Part = LifeOrder['part'];

/** The upstream that a person keeps closed. */
export const STOPPED = 'stopped';
export const SUBJECTS: readonly string[] = ['pinned-1', 'pinned-2', 'other-1', 'other-2', 'none'];
export const ENTITIES: readonly string[] = ['r-1', 'r-2', 'r-3', 'r-4', 'r-5', 'r-6'];
/** Requests that had ended, which are handed in again. */
export const KEYED: readonly (SyncRequest & { readonly idempotencyKey: string })[] = [
  1, 2, 3, 4,
].map((number) => ({ ...of('bank', `paid-${number}`), idempotencyKey: `paid-${number}` }));

const LARGE = 'x'.repeat(6_000);
const PLACES = ['bank', 'shop', STOPPED, 'silent', 'desk'] as const;
const SETTLES_WITHIN_MS = 20_000;
const DAY_MS = 86_400_000;
const ANA = { id: 'staff-7', role: 'clinician' } as const;
const BEN = { id: 'staff-8', role: 'clinician' } as const;
/** Short, so that a run waits for nothing but the work itself. */
const RETRY = { initialDelayMs: 20, delayMsMax: 60 } as const;
const FLOW = { probeMsMin: 20, probeMsMax: 60 } as const;

type Place = (typeof PLACES)[number];

function of(place: Place, name: string, more: Partial<SyncRequest> = {}): SyncRequest {
  const payload = { name, ...(more.payload as object | undefined) };
  return { type: `${place}.push`, subject: 'user-1', ...more, payload };
}

/** Whether this is the name of a crisis of the life. */
export function isCrisis(name: string): boolean {
  return /^(?:crisis|reached|spilled)-/.test(name);
}

/** A crisis of this subject in a run; `look` tells its repeats apart. */
export function asked(subject: string, look: number): CrisisRequest {
  return { subject, payload: { name: `asked ${subject} ${look}` } };
}

/** The runtime over the store; only that of the first part has a handler for `old.push`. */
export function runtimeOf(
  folder: string,
  url: string,
  part: Part,
  onError: (error: unknown) => void,
): Runtime {
  const run = httpHandler({ baseUrl: url });
  const handlers: Record<string, Handler> = {
    ...Object.fromEntries(PLACES.map((place) => [`${place}.push`, { upstream: place, run }])),
    'desk.alert': { upstream: 'desk', run },
    'records.put': {
      upstream: 'records',
      run: httpHandler({ baseUrl: `${url}/records`, method: 'PUT', path: '{entity.id}' }),
      conflicts: {},
    },
    ...(part === 'first' ? { 'old.push': { upstream: 'shop', run } } : {}),
  };
  const upstreams = [...PLACES, 'records'].map((name) => [name, { flow: FLOW, retry: RETRY }]);
  return createRuntime({
    store: folder,
    key: rawKey(new Uint8Array(32).fill(7)),
    device: 'subject',
    upstreams: Object.fromEntries(upstreams) as Record<string, object>,
    handlers,
    policies: {
      tiers: { crisis: { retry: { ...RETRY, attemptsMax: 1_000_000 } } },
      defaults: { retry: RETRY },
    },
    crisis: { type: 'desk.alert', planWithinMs: 100 },
    onError,
  });
}

/** One part of a life; the second part ends in a store that is to be killed or closed. */
export async function live(order: LifeOrder): Promise<LifeReport> {
  const life = new Life(order);
  await (order.part === 'first' ? life.first() : life.second());
  return { accepted: life.accepted };
}

let running: Runtime | null = null;

/** Closes the runtime of the second part. */
export async function endLife(): Promise<void> {
  await running?.close({ deadlineMs: 0 });
  running = null;
}

class Life {
  readonly accepted: Named[] = [];
  readonly #order: LifeOrder;
  readonly #runtime: Runtime;
  #copied = 0;

  constructor(order: LifeOrder) {
    this.#order = order;
    this.#runtime = runtimeOf(order.folder, order.url, order.part, () => undefined);
  }

  async first(): Promise<void> {
    const runtime = this.#runtime;
    await runtime.ready;
    await this.#step();
    // Earlier copies of what ends below.
    await this.#control({ down: ['bank', 'shop', 'desk'], hanging: ['silent'] });
    for (const request of KEYED) await this.#sync(request);
    await this.#step();
    for (let n = 1; n <= 4; n += 1) {
      await this.#sync(
        of('bank', `paid-large-${n}`, { payload: { pad: LARGE }, tags: [`t-${n}`] }),
      );
      await this.#plan(SUBJECTS[n - 1] ?? '', `First ${n}`, n <= 2);
      await this.#step();
    }
    for (let n = 1; n <= 3; n += 1) {
      await this.#sync(of('bank', `given-up-${n}`, { payload: { isRefused: true }, tags: ['up'] }));
      await this.#crisis(`reached-${n}`);
      await this.#step();
    }
    await this.#records();
    await this.#control({ down: ['shop'] });
    await this.#settled('bank', 4 + 4 + 3);
    await this.#step();
    await this.#control({ down: ['shop', 'desk'] });
    for (let n = 1; n <= 8; n += 1) {
      const more = { tags: [`t-${n % 3}`, 'waits'], tier: n % 2 === 0 ? 'premium' : 'trial' };
      await this.#sync(of('shop', `waits-${n}`, { ...more, idempotencyKey: `waits-${n}` }));
      if (n % 4 === 0) await this.#step();
    }
    await this.#sync({ ...of('shop', 'old'), type: 'old.push' });
    await this.#sync(of('shop', 'spoiled', { payload: { pad: LARGE } }));
    runtime.upstream(STOPPED).forceOpen('maintenance', 'ana');
    await this.#sync(of('stopped', 'stopped-1'));
    await this.#step();
    await runtime.crisisMode.enter({ subject: 'pinned-1', by: ANA, reason: 'first' });
    await this.#step();
    await runtime.close({ deadlineMs: 0 });
    this.#copy();
  }

  async second(): Promise<void> {
    const runtime = this.#runtime;
    running = runtime;
    await this.#control({ down: ['shop', 'desk', 'records'], hanging: ['silent'] });
    await runtime.ready;
    await until(() => runtime.getHealthStatus().operations.quarantined > 0);
    await this.#step();
    for (let n = 1; n <= 4; n += 1) {
      await this.#sync(
        of('shop', `waits-large-${n}`, { payload: { pad: LARGE }, tags: ['large'] }),
      );
      await this.#plan(SUBJECTS[n - 1] ?? '', `Second ${n}`, false);
      await this.#step();
    }
    for (let n = 1; n <= 6; n += 1) {
      const entity = { type: 'account', id: `a-${n % 2}` };
      await this.#sync(of('shop', `lane-${n}`, { entity }));
      if (n % 2 === 0) await this.#step();
    }
    for (let n = 1; n <= 3; n += 1) {
      await this.#sync(of('shop', `later-${n}`, { startAtMs: systemClock.now() + DAY_MS }));
      const gone = await this.#sync(of('shop', `cancelled-${n}`, { tags: ['gone'] }));
      await this.#step();
      await runtime.operations.get(gone).cancel();
      await this.#step();
    }
    await this.#edits();
    await runtime.crisisMode.enter({ subject: 'other-1', by: ANA, reason: 'second' });
    await runtime.crisisMode.enter({ subject: 'pinned-2', by: ANA, reason: 'ends' });
    await this.#step();
    await runtime.crisisMode.leave({ subject: 'pinned-2', by: BEN });
    await this.#step();
    for (let n = 1; n <= 4; n += 1) {
      await this.#crisis(`crisis-${n}`);
      await this.#step();
    }
    await this.#sync(of('stopped', 'stopped-2'));
    await this.#plan('pinned-1', 'Third 1', true);
    await this.#plan('other-1', 'Third 3', false);
    await this.#step();
    // In hand when the process is killed.
    await this.#sync(of('silent', 'in-hand-1'));
    await this.#sync(of('silent', 'in-hand-2', { tags: ['hand'] }));
    await this.#step();
    for (let n = 1; n <= 8; n += 1) {
      await this.#sync(of('bank', `paid-late-${n}`, { idempotencyKey: `late-${n}` }));
      await this.#step();
    }
    await this.#settled('bank', 8);
    await this.#step();
    if (this.#order.spills) await this.#spill();
  }

  /** Crises while another connection has the database locked: they are kept beside it. */
  async #spill(): Promise<void> {
    const other = new Database(join(this.#order.folder, 'data.db'));
    other.exec('BEGIN IMMEDIATE');
    const path = join(this.#order.folder, 'crises.spill');
    for (let n = 1; n <= 2; n += 1) {
      const before = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
      void this.#runtime.crisis({ subject: 'user-1', payload: { name: `spilled-${n}` } });
      await until(() => existsSync(path) && !readFileSync(path).equals(before));
    }
    this.#copy();
    // Never let go: the process is killed.
    held.push(other);
  }

  async #records(): Promise<void> {
    for (const [at, id] of ENTITIES.entries()) {
      for (let version = 1; version <= 2; version += 1) {
        const value = recordOf(at, version);
        await this.#control({ records: [[id, value]] });
        const entity = { type: 'recipe', id };
        const change = { entity, subject: 'user-1', value, version: `"${version}"` };
        await this.#runtime.remoteChange(change);
      }
      if (at % 2 === 1) await this.#step();
    }
  }

  /** Edits that wait, one that has gone out, and two that a person is asked about. */
  async #edits(): Promise<void> {
    await this.#control({ down: ['shop', 'desk'] });
    await this.#edit('r-1', 'taken');
    await until(async () => (await this.#viewOf('r-1'))?.waiting === 0);
    await this.#step();
    for (const id of ['r-5', 'r-6']) {
      await this.#control({ records: [[id, { title: 'theirs', note: 'theirs' }]] });
      await this.#edit(id, 'asked');
      await until(async () => (await this.#viewOf(id))?.inReview === true);
      await this.#step();
    }
    await this.#control({ down: ['shop', 'desk', 'records'] });
    for (const id of ['r-2', 'r-3', 'r-4']) await this.#edit(id, 'waits');
    await this.#step();
  }

  async #viewOf(id: string) {
    return await this.#runtime.entities.get({ type: 'recipe', id });
  }

  async #edit(id: string, note: string): Promise<void> {
    const entity = { type: 'recipe', id };
    const known = await this.#viewOf(id);
    const value = known?.value as object;
    const request = { type: 'records.put', subject: 'user-1', entity, payload: { ...value, note } };
    const { id: operation } = await this.#runtime.sync({ ...request, base: known?.base });
    this.accepted.push({ name: id, id: operation });
  }

  async #sync(request: SyncRequest): Promise<string> {
    const { id } = await this.#runtime.sync(request);
    this.accepted.push({ name: (request.payload as { readonly name: string }).name, id });
    return id;
  }

  async #crisis(name: string): Promise<void> {
    const { durable, operationId } = await this.#runtime.crisis({
      subject: 'user-1',
      payload: { name },
    });
    await durable;
    this.accepted.push({ name, id: operationId ?? '' });
  }

  async #plan(subject: string, name: string, isPinned: boolean): Promise<void> {
    const resources = [{ kind: 'contact' as const, name, phone: '+49 30 1234567' }];
    await this.#runtime.crisisPlans.put(subject, { resources });
    if (isPinned) await this.#runtime.crisisPlans.pin(subject);
  }

  async #settled(place: Place, count: number): Promise<void> {
    const isOf = ({ upstream }: { readonly upstream: string | null }) => upstream === place;
    await until(() => {
      const { queue, operations } = this.#runtime.getHealthStatus();
      return operations.completed + operations.deadLettered >= count && !queue.some(isOf);
    });
  }

  async #control(change: object): Promise<void> {
    await fetch(`${this.#order.url}/control`, { method: 'POST', body: JSON.stringify(change) });
  }

  /** Leaves a copy of the folder once the disk has what was just done. */
  async #step(): Promise<void> {
    await pause(30);
    this.#copy();
  }

  #copy(): void {
    const name = `${this.#order.part === 'first' ? 1 : 2}-${String(this.#copied).padStart(2, '0')}`;
    this.#copied += 1;
    // A socket can't be copied, and a file being written is renamed meanwhile.
    const isPassing = (path: string): boolean => path.endsWith('.sock') || path.endsWith('.new');
    cpSync(this.#order.folder, join(this.#order.copies, name), {
      recursive: true,
      filter: (path) => !isPassing(path),
    });
  }
}

const held: Database.Database[] = [];

function recordOf(at: number, version: number) {
  return { title: `Recipe ${at}`, note: `version ${version}` };
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = systemClock.now() + SETTLES_WITHIN_MS;
  while (!(await isSo())) {
    if (systemClock.now() > endsAtMs) throw new Error(`The life does not go on: ${String(isSo)}`);
    await pause(10);
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(ms, resolve);
  });
}
