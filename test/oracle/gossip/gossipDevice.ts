/**
 * A device of a gossip: the whole runtime on a SQLite store of its own. A test can abandon it in the midst of
 * everything, as by SIGKILL, and open it again.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { Handler } from '../../../actors/port.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Entity } from '../../../machines/vocabulary/record.ts';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import { openStore } from '../../../persistence/openStore.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import { checkOptions } from '../../../src/options.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { mortalClock, mortalHandler, mortalStore, newLife } from '../../../src/virtual/life.ts';
import { type SeededRandom, seededRandom } from '../../../src/virtual/seededRandom.ts';
import type { GossipEdit } from './gossipEdits.ts';

const SUBJECT = 'person';
const TYPE = 'records.put';
const KEY = rawKey(new Uint8Array(32).fill(3));
/** Field of a record in which devices tell each other what they know. */
export const META_FIELD = 'holdfast';

export interface DeviceOptions {
  readonly name: string;
  readonly folder: string;
  readonly url: string;
  readonly seed: number;
  /** Offset of its clock. Default: none. */
  readonly skewMs?: number | undefined;
  /** Plants a bug: replaces the real handler. */
  readonly sabotage: (handler: Handler) => Handler;
  readonly entities?: readonly EntityRules[] | undefined;
}

export function pathOf({ type, id }: Entity): string {
  return `/${type}/${id}`;
}

function clockOff(skewMs: number): Clock {
  return { ...systemClock, now: () => Math.max(0, systemClock.now() + skewMs) };
}

export class GossipDevice {
  readonly name: string;
  /** Troubles that its runtimes reported. */
  readonly errors: string[] = [];
  readonly #options: DeviceOptions;
  readonly #random: SeededRandom;
  #life = newLife();
  #lastEdit: Promise<void> = Promise.resolve();
  #runtime: Runtime | null = null;
  #release: () => Promise<void> = async () => undefined;

  constructor(options: DeviceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  get runtime(): Runtime {
    if (this.#runtime === null) throw new Error(`${this.name} is not open.`);
    return this.#runtime;
  }

  async open(): Promise<void> {
    const { name, folder, url, sabotage, entities, skewMs = 0 } = this.#options;
    const store = openStore({ folder, key: KEY });
    const life = newLife();
    const path = '{entity.type}/{entity.id}';
    const run = httpHandler({ baseUrl: url, path, method: 'PUT', metaField: META_FIELD });
    const handler = sabotage({ upstream: 'records', run, conflicts: true });
    const options = checkOptions({
      device: name,
      store: ':memory:',
      random: this.#random,
      clock: mortalClock(clockOff(skewMs), life),
      ...(entities === undefined ? {} : { entities }),
      upstreams: {
        records: {
          attemptTimeoutMs: 400,
          retry: { initialDelayMs: 10, delayMsMax: 60, attemptsMax: 100 },
          flow: { probeMsMin: 20, probeMsMax: 60, timeoutMsMin: 200 },
        },
      },
      handlers: { [TYPE]: mortalHandler(handler, life) },
      onError: (error) => {
        this.errors.push(`${name}: ${String(error)}`);
      },
    });
    this.#life = life;
    this.#runtime = assembleRuntime(options, mortalStore(store, life));
    this.#release = async () => {
      await store.close();
    };
    await this.#runtime.ready;
  }

  /**
   * Ends it as SIGKILL does: nothing of it acts any more, and what it has sent stays sent. The store is free
   * afterwards.
   */
  async abandon(): Promise<void> {
    this.#life.end();
    this.#runtime = null;
    // Nobody answers the edits under way.
    this.#lastEdit = Promise.resolve();
    await this.#release();
  }

  async close(): Promise<void> {
    await this.#runtime?.close({ deadlineMs: 2_000 });
    this.#runtime = null;
  }

  /** Returns what it shows of a record. */
  async shown(entity: Entity): Promise<JsonObject | null> {
    return ((await this.runtime.entities.get(entity))?.value ?? null) as JsonObject | null;
  }

  /** Accepts an edit that `draw` makes of what it shows; one after the other, as a person makes them. */
  async edit(
    entity: Entity,
    draw: (shown: JsonObject) => GossipEdit,
    onDrawn: (edit: GossipEdit) => void,
  ): Promise<void> {
    const before = this.#lastEdit;
    const edit = before.then(async () => await this.#edit(entity, draw, onDrawn));
    this.#lastEdit = edit.catch(() => undefined);
    await edit;
  }

  async #edit(
    entity: Entity,
    draw: (shown: JsonObject) => GossipEdit,
    onDrawn: (edit: GossipEdit) => void,
  ): Promise<void> {
    const { runtime } = this;
    const known = await runtime.entities.get(entity);
    const edit = draw((known?.value ?? {}) as JsonObject);
    onDrawn(edit);
    const { removes } = edit;
    const removal = {
      path: `/emergencyContacts/${removes}`,
      confirmed: true,
      by: SUBJECT,
      at: systemClock.now(),
      reason: 'asked',
    };
    await runtime.sync({
      type: TYPE,
      subject: SUBJECT,
      entity,
      payload: edit.value,
      ...(known === null ? {} : { base: { ...known.base } }),
      ...(removes === null ? {} : { removals: [removal] }),
    });
  }

  /** Takes a present or past version of a record from the upstream. */
  async hear(entity: Entity, body: Json, version: string | null): Promise<void> {
    const { [META_FIELD]: meta, ...value } = body as JsonObject;
    await this.runtime.remoteChange({ entity, subject: SUBJECT, value, version, meta });
  }

  /** Returns everything that its conflicts say of values that do not stand. */
  async auditText(): Promise<string> {
    const shown: unknown[] = [];
    for await (const { id } of this.runtime.conflicts.list({ all: true })) {
      shown.push(await this.runtime.conflicts.show(id));
    }
    return JSON.stringify(shown);
  }
}
