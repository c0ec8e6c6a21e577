/**
 * One device of the bench: the whole runtime on a store of its own, on disk.
 *
 * @module
 */

import { join } from 'node:path';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import type { Runtime } from '../../src/runtime.ts';
import { BENCH_KEY } from '../support.ts';
import type { Figures } from './figures.ts';
import { edited, META_FIELD, pathOf } from './records.ts';

const TYPE = 'plans.put';

export class HoldfastDevice {
  readonly #url: string;
  readonly #device: number;
  readonly #figures: Figures;
  readonly #runtime: Runtime;
  /** When each edit met its first conflict, by operation. */
  readonly #detected = new Map<string, number>();
  #waiting = 0;
  #onDone: () => void = () => undefined;

  constructor(url: string, folder: string, device: number, figures: Figures) {
    this.#url = url;
    this.#device = device;
    this.#figures = figures;
    const path = '{entity.type}/{entity.id}';
    const run = httpHandler({ baseUrl: url, path, method: 'PUT', metaField: META_FIELD });
    this.#runtime = createRuntime({
      device: `device-${device}`,
      store: join(folder, `device-${device}`),
      key: BENCH_KEY,
      upstreams: { records: {} },
      handlers: { [TYPE]: { upstream: 'records', run, conflicts: true } },
      onError: (error) => {
        console.error(`device-${device}: ${String(error)}`);
      },
    });
    this.#listen();
  }

  get ready(): Promise<void> {
    return this.#runtime.ready;
  }

  #listen(): void {
    this.#runtime.subscribe('attempt.failed', ({ operationId, code }) => {
      if (code === 'HF_CONFLICT' && !this.#detected.has(operationId)) {
        this.#detected.set(operationId, performance.now());
      }
    });
    this.#runtime.subscribe('conflict.merged', ({ round }) => {
      if (round > 0) this.#figures.rounds += 1;
    });
    this.#runtime.subscribe('operation.ended', ({ operationId }) => {
      const detectedAtMs = this.#detected.get(operationId);
      if (detectedAtMs !== undefined) {
        this.#figures.conflicts.push(performance.now() - detectedAtMs);
        this.#detected.delete(operationId);
      }
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#onDone();
    });
  }

  /** Takes a record as the upstream has it; measured where something is here to merge it with. */
  async hear(record: number, isMeasured: boolean): Promise<void> {
    const answer = await fetch(`${this.#url}${pathOf(record)}`);
    const { [META_FIELD]: meta, ...value } = (await answer.json()) as Record<string, never>;
    const version = answer.headers.get('etag') ?? '';
    const heardAtMs = performance.now();
    await this.#runtime.remoteChange({
      entity: entityOf(record),
      subject: 's',
      value,
      version,
      meta,
    });
    if (isMeasured) this.#figures.remoteChanges.push(performance.now() - heardAtMs);
  }

  async edit(record: number): Promise<void> {
    const entity = entityOf(record);
    const known = await this.#runtime.entities.get(entity);
    this.#waiting += 1;
    await this.#runtime.sync({
      type: TYPE,
      subject: 's',
      entity,
      payload: edited((known?.value ?? {}) as JsonObject, this.#device),
      ...(known === null ? {} : { base: { ...known.base } }),
    });
  }

  disconnect(): void {
    this.#runtime.upstream('records').forceOpen('offline', 'bench');
  }

  /** Sends everything; resolves once the upstream has taken it. */
  async connect(): Promise<void> {
    if (this.#waiting === 0) return;
    const done = new Promise<void>((resolve) => {
      this.#onDone = resolve;
    });
    this.#runtime.upstream('records').release('bench');
    await done;
  }

  async shown(record: number): Promise<Json> {
    return (await this.#runtime.entities.get(entityOf(record)))?.value ?? null;
  }

  async close(): Promise<void> {
    await this.#runtime.close({ deadlineMs: 2_000 });
  }
}

function entityOf(record: number): Entity {
  return { type: 'crisis_plan', id: `plan-${record}` };
}
