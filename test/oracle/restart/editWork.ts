/**
 * Edits of records that somebody else changes, too, on their way through a series of real processes, and what must be
 * true of them in the end.
 *
 * @module
 */

import { onTestFinished } from 'vitest';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import type { RecordFault } from '../../../src/simulator/network/records.ts';
import { givenKey, noteSent } from '../../../src/simulator/oracle/sentKeys.ts';
import {
  type RecordServer,
  type RecordServerOptions,
  startRecordServer,
} from '../../../src/testing/recordServer.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import type { ChildSetup } from '../../support/process/childRuntimeMessages.ts';
import type { Child, RestartScene } from './restartScene.ts';
import { untilTrue } from './restartWork.ts';

const ELSEWHERE_EVERY_MS = 12;
/** Most changes by somebody else in the life of a process: on a busy machine no edit would ever be in time. */
const ELSEWHERE_MAX = 40;
/**
 * Records of edits that go out while a person is asked, and of those that wait for that: both change the same field.
 */
const RECORDS = ['preferences/p1', 'preferences/p2', 'note/n1', 'note/n2'] as const;
const OPTIONS: ChildSetup['options'] = {
  upstreams: { ledger: {}, records: { attemptTimeoutMs: 400 } },
};
/** Shares of lost and late answers: small, since a failed read waits seconds for its repeat. */
const FAULTS: Partial<Record<RecordFault, number>> = {
  busy503: 0.02,
  droppedBefore: 0.02,
  droppedAfterApplying: 0.08,
  failed500AfterApplying: 0.04,
  deliveredTwice: 0.1,
  delayed: 0.2,
  stalledThenApplied: 0.02,
};

/** Tells whether an error is a notice: a person is asked, or a busy machine stood still. */
function isNotice({ code }: { readonly code: string }): boolean {
  return code === 'HF_CONFLICT' || code === 'HF_ALERT';
}

/** An edit, with the text that it writes and nobody else does. */
interface Planned {
  readonly request: SyncRequest & { readonly idempotencyKey: string };
  readonly path: string;
  readonly field: string;
  readonly title: string | null;
}

export class EditWork {
  readonly #scene: RestartScene;
  readonly #server: RecordServer;
  readonly #faults: Partial<Record<RecordFault, number>>;
  readonly #random: SeededRandom;
  readonly #plan: Planned[] = [];
  /** Ids of accepted edits, by idempotency key. */
  readonly #accepted = new Map<string, string>();
  readonly #ended = new Map<string, string>();
  readonly #elsewhere: { readonly path: string; readonly field: string }[] = [];
  readonly #troubles: string[] = [];
  #cancelElsewhere: () => void = () => undefined;
  #isWell = false;

  private constructor(
    scene: RestartScene,
    server: RecordServer,
    faults: Partial<Record<RecordFault, number>>,
    random: SeededRandom,
  ) {
    this.#scene = scene;
    this.#server = server;
    this.#faults = faults;
    this.#random = random;
  }

  static async open(
    scene: RestartScene,
    edits: number,
    random: SeededRandom,
    options: RecordServerOptions = {},
  ): Promise<EditWork> {
    const faults = { ...FAULTS, ...options.faults };
    const server = await startRecordServer({
      ...{ lifeMs: 110_000, requireConditions: true, delayMs: 10, stallMs: 500 },
      ...{ seed: random.below(1_000_000), ...options, faults },
    });
    onTestFinished(async () => {
      await server.close();
    });
    const work = new EditWork(scene, server, faults, random);
    onTestFinished(() => {
      work.#cancelElsewhere();
    });
    work.#makePlan(edits);
    return work;
  }

  /** Starts a process that edits, while somebody else changes the same records. */
  start(changes: Partial<ChildSetup> = {}, fault?: string): Child {
    const editing = { url: this.#server.url, isAnswering: true };
    this.#cancelElsewhere();
    const child = this.#scene.start({ options: OPTIONS, editing, ...changes }, fault);
    child.listen((event) => {
      if (event.event === 'ready') this.#beginElsewhere();
      else if (event.event === 'accepted') this.#accepted.set(event.key, event.id);
      else if (event.event === 'outcome') this.#ended.set(event.id, event.outcome.status);
      else if (event.event === 'failed' || (event.event === 'trouble' && !isNotice(event))) {
        this.#troubles.push(`${event.code}: ${event.message}`);
      }
    });
    const ids = [...this.#accepted.values()].filter((id) => !this.#ended.has(id));
    child.order({ order: 'watch', ids });
    const requests = this.#plan
      .filter(({ request }) => !this.#accepted.has(request.idempotencyKey))
      .map(({ request }) => request);
    child.order({ order: 'submit', requests, inFlightMax: 1 });
    return child;
  }

  /** Lets somebody else write from now on, since a process takes longer to start than they go on. */
  #beginElsewhere(): void {
    if (this.#isWell) return;
    let left = ELSEWHERE_MAX;
    const timer = setInterval(() => {
      left -= 1;
      if (left >= 0) this.#changeElsewhere(this.#anyPath());
    }, ELSEWHERE_EVERY_MS);
    this.#cancelElsewhere = () => {
      clearInterval(timer);
    };
  }

  /** Makes the upstream well, ends the changes by somebody else, and lets a last process finish everything. */
  async finish(): Promise<void> {
    this.#isWell = true;
    for (const fault of Object.keys(this.#faults)) this.#faults[fault as RecordFault] = 0;
    const child = this.start();
    await untilTrue(child, () => this.#ended.size === this.#plan.length, HANGS_AFTER_MS);
    await child.kill();
  }

  /** Lists what is wrong in the end, a line each; nobody may have the store open. */
  async wrongs(): Promise<readonly string[]> {
    const conflicts = (await this.#scene.conflictsAtRest()).join('\n');
    const wrongs = [...this.#server.broken(), ...this.#troubles];
    for (const { request, path, field, title } of this.#plan) {
      const key = request.idempotencyKey;
      const id = this.#accepted.get(key);
      const status = this.#ended.get(id ?? '') ?? 'waiting';
      if (status !== 'completed') wrongs.push(`it has not gone well: ${key} is ${status}`);
      if (!this.#isThere(path, field) && !conflicts.includes(`"${field}"`)) {
        wrongs.push(`lost: ${field} of ${path}`);
      }
      const isTitleKnown = title === null || this.#wasThere(path, title);
      if (!isTitleKnown && !conflicts.includes(`"${title}"`)) wrongs.push(`lost: ${title}`);
      const taken = this.#keysOf(key, id).filter((of) => this.#appliedOf(of) > 0);
      if (taken.length > 1) wrongs.push(`applied under several keys: ${taken.join(', ')}`);
    }
    for (const { path, field } of this.#elsewhere) {
      if (!this.#isThere(path, field) && !conflicts.includes(`"${field}"`)) {
        wrongs.push(`lost: ${field} of ${path}`);
      }
    }
    return wrongs;
  }

  #keysOf(key: string, id = ''): string[] {
    const all = [...this.#server.ledger.entries()].map((entry) => entry.key);
    return all.filter((of) => givenKey(of) === key || of === id || of.startsWith(`${id}-r`));
  }

  #appliedOf(key: string): number {
    return this.#server.ledger.get(key)?.applied ?? 0;
  }

  #isThere(path: string, field: string): boolean {
    return Object.hasOwn(Object(this.#server.get(`/${path}`)?.value), field);
  }

  /** Tells whether the text was there: its replacer had seen it, or else {@link RecordServer.broken} says so. */
  #wasThere(path: string, title: string): boolean {
    return this.#server.writes.some(
      (write) =>
        write.path === `/${path}` && (Object(write.value) as JsonObject)['title'] === title,
    );
  }

  #anyPath(): (typeof RECORDS)[number] {
    return RECORDS[this.#random.below(RECORDS.length)] ?? 'note/n1';
  }

  /** Adds a field as another device that knows the record, and sometimes writes the title. */
  #changeElsewhere(path: string): void {
    const field = `other${this.#elsewhere.length}`;
    this.#elsewhere.push({ path, field });
    const title = this.#random.chance(0.2) ? { title: `title of ${field}` } : {};
    const held = this.#server.get(`/${path}`)?.value as JsonObject;
    this.#server.put(`/${path}`, { ...held, ...title, [field]: true });
  }

  /** Plans edits: each contains all that its app wrote before, and began before anybody else wrote. */
  #makePlan(edits: number): void {
    const start = { title: 'start' };
    const local = new Map<string, { base: Json; value: JsonObject }>();
    for (const path of RECORDS) {
      const version = this.#server.put(`/${path}`, start);
      local.set(path, { base: { version, value: start }, value: start });
    }
    for (let number = 0; number < edits; number += 1) {
      const path = RECORDS[number % RECORDS.length] ?? 'note/n1';
      const field = `mine${number}`;
      const title = number < RECORDS.length ? null : `title of ${field}`;
      const { base = null, value = {} } = local.get(path) ?? {};
      const payload = { ...value, [field]: true, ...(title === null ? {} : { title }) };
      local.set(path, { base, value: payload });
      const [type = '', id = ''] = path.split('/');
      const request = {
        ...{ type: 'records.put', subject: 'user-42', tier: 'premium', entity: { type, id } },
        ...{ idempotencyKey: `edit-${number}`, base, payload },
      } as SyncRequest & { idempotencyKey: string };
      this.#plan.push({ request: noteSent(request), path, field, title });
    }
    for (const path of RECORDS) this.#changeElsewhere(path);
  }
}
