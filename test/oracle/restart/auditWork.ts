/**
 * Work that is recorded, in processes that are killed, and the judge of what is in their audit (AU-1).
 *
 * The judge knows the log by its own entries, and all that was done from elsewhere: the rows and components on disk, the
 * upstream and the pager, which live in the process of the test, and the orders that were answered.
 *
 * @module
 */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { CrisisContext } from '../../../machines/crisis/crisisContext.ts';
import type { CrisisDecision } from '../../../machines/crisis/crisisEscalation.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { type AuditEntry, parseEntry } from '../../../persistence/audit/auditEntry.ts';
import { AuditVerifier } from '../../../persistence/audit/verifyAudit.ts';
import { AUDIT_PAGE_MAX } from '../../../persistence/port/audit.ts';
import type { KeptCrisisMode, Store, StoreInfo } from '../../../persistence/port/store.ts';
import { callOwner } from '../../../src/control/controlClient.ts';
import { type RowAtRest, rowsAtRest } from '../../../src/simulator/oracle/rowsAtRest.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';
import type { AuditSabotage } from '../../support/process/childRuntimeMessages.ts';
import type { LedgerTask } from '../../support/process/ledgerServer.ts';
import type { Child, RestartScene } from './restartScene.ts';

const OPTIONS = {
  upstreams: {
    ledger: {
      breaker: { consecutiveFailuresToOpen: 6 },
      flow: { probeMsMin: 50, probeMsMax: 200 },
    },
  },
  policies: {
    tiers: {
      crisis: { retry: { attemptsMax: 1 } },
      basic: { retry: { initialDelayMs: 20, delayMsMax: 100 } },
    },
  },
} as const;
const STAFF = [
  { id: 'ann@clinic.example', role: 'clinician' },
  { id: 'ben@clinic.example', role: 'clinician' },
  { id: 'eve@clinic.example', role: 'clinician' },
] as const;
/** People who are put into crisis mode. */
const PEOPLE = ['person-1', 'person-2', 'person-3'] as const;
/** Requests of a process, and how many of a hundred the upstream refuses. */
const REQUESTS = 24;
const REFUSED_PERCENT = 40;
const CRISES = 2;
const ANSWERS_WITHIN_MS = 3_000;

/** An order of a person: which call, about which operation. */
interface Order {
  readonly call: string;
  readonly id: string;
}

interface AnsweredOrder extends Order {
  /** Whether the answer says that it is on disk, and what was done. */
  readonly isDurable: boolean;
  readonly what: string | null;
}

/** What is on disk while nobody has the store open. */
interface AtRest {
  readonly texts: readonly string[];
  readonly rows: readonly RowAtRest[];
  readonly components: ReadonlyMap<string, string>;
  readonly modes: readonly KeptCrisisMode[];
  /** Handle of each of {@link PEOPLE} whom an entry is about. */
  readonly handles: ReadonlyMap<string, string>;
}

export class AuditWork {
  readonly #scene: RestartScene;
  readonly #random: SeededRandom;
  readonly #sabotage: AuditSabotage | null;
  readonly #pager = new Pager();
  readonly #asked: Order[] = [];
  readonly #answered: AnsweredOrder[] = [];
  /** Ids of operations that somebody was told are accepted, crises apart. */
  readonly #accepted = new Set<string>();
  readonly #crises = new Set<string>();
  #numbers = 0;
  #processes = 0;
  #url = '';

  private constructor(scene: RestartScene, random: SeededRandom, sabotage: AuditSabotage | null) {
    this.#scene = scene;
    this.#random = random;
    this.#sabotage = sabotage;
  }

  static async open(
    scene: RestartScene,
    random: SeededRandom,
    sabotage: AuditSabotage | null = null,
  ): Promise<AuditWork> {
    const work = new AuditWork(scene, random, sabotage);
    work.#url = await work.#pager.listen();
    return work;
  }

  /** Starts a process with work of every kind, and people who give it orders until it is gone. */
  start(): Child {
    this.#processes += 1;
    const webhook = { url: this.#url, secret: 'a secret of the pager' };
    const escalation = [
      { name: 'on-call', webhook, acknowledgeWithinMs: 30_000 },
      { name: 'clinician', webhook, acknowledgeWithinMs: 30_000 },
    ];
    const child = this.#scene.start({
      options: { ...OPTIONS, crisis: { escalation } },
      sabotage: this.#sabotage,
    });
    child.listen((event) => {
      if (event.event === 'accepted') this.#accepted.add(event.id);
      if (event.event === 'durable') this.#crises.add(event.id);
    });
    const requests = Array.from({ length: REQUESTS }, () => this.#request());
    child.order({ order: 'submit', requests, inFlightMax: 8 });
    for (let count = 0; count < CRISES; count += 1) this.#raise(child);
    void this.#goOn(child);
    return child;
  }

  /** Resolves once so many more orders are answered, after a while at the latest. */
  async answers(count: number): Promise<void> {
    const whole = this.#answered.length + count;
    const endsAtMs = Date.now() + ANSWERS_WITHIN_MS;
    while (this.#answered.length < whole && Date.now() < endsAtMs) await sleep(5);
  }

  /** What is wrong with the audit; nobody may have the store open. */
  async wrongs(): Promise<readonly string[]> {
    const found = await this.#scene.readAtRest(readAll);
    return found === null ? [] : this.#judged(found);
  }

  /** Acts that were recorded so far, with how often: whether the work has come to them all. */
  async acts(): Promise<ReadonlyMap<string, number>> {
    const found = await this.#scene.readAtRest(readAll);
    const acts = new Map<string, number>();
    for (const { act } of (found?.texts ?? []).map(parseEntry)) addTo(acts, act);
    return acts;
  }

  #request() {
    this.#numbers += 1;
    const number = this.#numbers;
    const task: LedgerTask = { number, isRefused: this.#random.below(100) < REFUSED_PERCENT };
    const hasLane = this.#random.below(2) === 0;
    return {
      type: 'ledger.put',
      subject: `subject-${number % 7}`,
      tier: 'basic',
      idempotencyKey: `key-${number}`,
      payload: { ...task },
      ...(hasLane ? { entity: { type: 'account', id: `${this.#random.below(6)}` } } : {}),
    } as const;
  }

  /** Raises a crisis of a person of its own, which fails a few times: then people are told of it. */
  #raise(child: Child): void {
    this.#numbers += 1;
    const payload = { number: this.#numbers, busyUpTo: this.#random.below(6) };
    const key = `crisis-${this.#numbers}`;
    const request = { type: 'ledger.put', subject: `in-danger-${this.#numbers}`, payload };
    child.order({ order: 'crisis', request: { ...request, idempotencyKey: key } });
  }

  async #goOn(child: Child): Promise<void> {
    let isThere = true;
    void child.ended.finally(() => {
      isThere = false;
      this.#scene.ledger.isDown = false;
    });
    await child.until('ready').catch(() => null);
    // What a process before this one left closed to work.
    const release = { upstream: 'ledger', by: STAFF[0].id };
    await this.#order('breaker.release', '', release).catch(isNoAnswer);
    const people = Array.from({ length: 3 }, async () => {
      while (isThere) {
        await sleep(1 + this.#random.below(20));
        await this.#act().catch(isNoAnswer);
      }
    });
    await Promise.all(people);
  }

  async #act(): Promise<void> {
    const draw = this.#random.below(100);
    if (draw < 8) this.#scene.ledger.isDown = !this.#scene.ledger.isDown;
    else if (draw < 14) await this.#breaker();
    else if (draw < 30) await this.#crisisMode();
    else if (draw < 60) await this.#deadLetter();
    else await this.#crisis();
  }

  async #breaker(): Promise<void> {
    const about = { upstream: 'ledger', by: STAFF[0].id };
    await this.#order('breaker.forceOpen', '', { ...about, reason: 'we look at it' });
    await sleep(this.#random.below(50));
    await this.#order('breaker.release', '', about);
  }

  async #crisisMode(): Promise<void> {
    const subject = this.#pick(PEOPLE) ?? '';
    const by = this.#somebody();
    const isEntering = this.#random.below(2) === 0;
    const order = isEntering ? { subject, by, reason: 'called twice' } : { subject, by };
    await this.#order(isEntering ? 'crisisMode.enter' : 'crisisMode.leave', '', order);
  }

  async #deadLetter(): Promise<void> {
    const page = await callOwner(this.#scene.folder, 'deadLetter.page', {
      ...{ filter: {}, order: 'newest' },
    });
    const { id } = this.#pick((page as { letters: readonly { id: string }[] }).letters) ?? {};
    if (id === undefined) return;
    const isPurged = this.#random.below(3) === 0;
    await this.#order(isPurged ? 'deadLetter.purge' : 'deadLetter.replay', id, { id });
  }

  async #crisis(): Promise<void> {
    const open = await callOwner(this.#scene.folder, 'crisis.list', {});
    const { id } = this.#pick(open as readonly { id: string }[]) ?? {};
    if (id === undefined) return;
    const isTaken = this.#random.below(2) === 0;
    const by = this.#somebody();
    await this.#order(isTaken ? 'crisis.acknowledge' : 'crisis.release', id, { id, by });
  }

  async #order(call: string, id: string, params: object): Promise<void> {
    this.#asked.push({ call, id });
    const answer = await callOwner(this.#scene.folder, call, params);
    // What asks the process alone is answered by it alone, and no disk is waited for.
    const asksStore = !call.startsWith('breaker.');
    const said = (answer ?? {}) as Partial<AnsweredOrder & { readonly wasOn: boolean }>;
    const { isDurable = asksStore, what = null, wasOn = true } = said;
    this.#answered.push({ call, id, isDurable: isDurable && wasOn, what });
  }

  #somebody(): (typeof STAFF)[number] {
    return this.#pick(STAFF) ?? STAFF[0];
  }

  #pick<One>(many: readonly One[]): One | undefined {
    return many[this.#random.below(Math.max(1, many.length))];
  }

  #judged({ texts, rows, components, modes, handles }: AtRest): readonly string[] {
    const verifier = new AuditVerifier({});
    for (const text of texts) verifier.add(text);
    const log = new Log(texts.map(parseEntry));
    const crises = rows.filter(({ context }) => context.priority === 'crisis');
    const others = rows.filter(({ context }) => context.priority !== 'crisis');
    return [
      ...verifier.end().faults.map(({ text }) => text),
      ...this.#ofLetters(log, others),
      ...this.#ofCrises(log, crises),
      ...this.#ofSteps(log, crises),
      ...this.#ofOrders(log),
      ...ofComponents(log, components),
      ...ofModes(log, modes, handles),
    ];
  }

  /** Each ending but that of work that was done, each replay and each purge, and nothing else. */
  #ofLetters(log: Log, rows: readonly RowAtRest[]): readonly string[] {
    const wrongs: string[] = [];
    const byId = new Map(rows.map((row) => [row.context.id, row]));
    const named = log.ids('operation.ended', 'operation.replayed', 'operation.purged');
    for (const id of new Set([...byId.keys(), ...this.#accepted, ...named])) {
      if (this.#isCrisis(log, id)) continue;
      const ended = log.of('operation.ended', id);
      const standing = byId.get(id)?.row.standing ?? 'gone';
      const purged = log.count('operation.purged', id);
      const isLetter = standing === 'deadLettered' || standing === 'gone';
      const letters = ended.length - log.count('operation.replayed', id);
      if (letters !== Number(isLetter))
        wrongs.push(`${id}: ${letters} times a letter by the log, and ${standing}`);
      if (purged !== Number(standing === 'gone'))
        wrongs.push(`${id}: purged ${purged} times by the log, and ${standing}`);
      const failure = byId.get(id)?.context.failure?.code;
      if (standing === 'deadLettered' && ended.at(-1)?.code !== failure)
        wrongs.push(`${id}: given up for ${failure}, recorded as ${ended.at(-1)?.code}`);
      const refusals = this.#refusals(byId.get(id));
      if (ended.filter(({ code }) => code === 'HF_UPSTREAM_REFUSED').length > refusals)
        wrongs.push(`${id}: recorded as refused more often than its upstream has refused it`);
    }
    return wrongs;
  }

  #isCrisis(log: Log, id: string): boolean {
    return this.#crises.has(id) || log.count('crisis.accepted', id) > 0;
  }

  /** How often the upstream was asked for it; one that is gone is known by its id alone. */
  #refusals(row: RowAtRest | undefined): number {
    if (row === undefined) return Number.POSITIVE_INFINITY;
    const { idempotencyKey } = row.context;
    return this.#scene.ledger.requests.filter(({ key }) => key === idempotencyKey).length;
  }

  /** Each crisis, its escalation, what people decided, and its end: by its row and in the log alike. */
  #ofCrises(log: Log, rows: readonly RowAtRest[]): readonly string[] {
    const wrongs: string[] = [];
    const byId = new Map(rows.map(({ row, context }) => [row.id, context as CrisisContext]));
    const recorded = log.ids('crisis.accepted');
    for (const id of new Set([...byId.keys(), ...recorded, ...this.#crises])) {
      const context = byId.get(id);
      if (context === undefined) {
        wrongs.push(`crisis ${id} is recorded or promised, and not there`);
        continue;
      }
      const { escalation, ending } = context;
      const expected: readonly (readonly [string, number])[] = [
        ['crisis.accepted', 1],
        ['crisis.escalated', Number(escalation.sinceAtMs !== null)],
        ['operation.ended', Number(ending !== null)],
        ['crisis.noted', decided(escalation.decisions, 'noted')],
        ['crisis.acknowledged', decided(escalation.decisions, 'acknowledged')],
        ['crisis.released', decided(escalation.decisions, 'released')],
      ];
      for (const [act, count] of expected) {
        const found = log.count(act, id);
        if (found !== count) wrongs.push(`crisis ${id}: ${found} × ${act}, and it was ${count}`);
      }
    }
    return wrongs;
  }

  /**
   * Each step that was told. The pager hears before that is recorded, and a kill may come between: it was told as often as
   * is recorded, and at most once more for each process. The row and the log are of one commit.
   */
  #ofSteps(log: Log, rows: readonly RowAtRest[]): readonly string[] {
    const wrongs: string[] = [];
    for (const { row, context } of rows) {
      const { steps, toldAtMs } = (context as CrisisContext).escalation;
      const told = log.of('crisis.stepNotified', row.id);
      if (toldAtMs === null && told.length > 0)
        wrongs.push(`crisis ${row.id}: told by the log, and not by its row`);
      for (const { name, outcome } of steps) {
        if (outcome === 'told' && !told.some(({ step }) => step === name))
          wrongs.push(`crisis ${row.id}: ${name} was told, and that is not recorded`);
      }
    }
    const told = log.ids('crisis.stepNotified');
    for (const id of new Set([...told, ...this.#pager.told.keys()])) {
      const heard = this.#pager.told.get(id) ?? 0;
      const recorded = log.count('crisis.stepNotified', id);
      if (recorded > heard) wrongs.push(`crisis ${id}: told ${heard} times, recorded ${recorded}`);
      if (heard > recorded + 2 * this.#processes)
        wrongs.push(`crisis ${id}: told ${heard} times, and recorded only ${recorded}`);
    }
    return wrongs;
  }

  /** Each order that was answered, before what came of it; and none that nobody gave. */
  #ofOrders(log: Log): readonly string[] {
    const wrongs: string[] = [];
    const asked = countsOf(this.#asked);
    const answered = countsOf(this.#answered.filter(({ isDurable }) => isDurable));
    for (const [order, count] of answered) {
      if (log.asked(order) < count)
        wrongs.push(`${order}: answered ${count} times, recorded ${log.asked(order)}`);
    }
    for (const order of log.orders) {
      if (log.asked(order) > (asked.get(order) ?? 0))
        wrongs.push(`${order}: recorded ${log.asked(order)} times, given ${asked.get(order) ?? 0}`);
    }
    for (const [order, count] of answered) {
      const [call = '', id = ''] = order.split(' ');
      const act = EFFECTS[call];
      if (act !== undefined && log.count(act, id) < count)
        wrongs.push(`${order}: answered ${count} times, recorded ${log.count(act, id)} × ${act}`);
    }
    for (const { call, id, isDurable, what } of this.#answered) {
      // Giving back what nobody has changes nothing.
      if (!isDurable || what === null || what === 'released') continue;
      if (log.count(`crisis.${what}`, id) === 0)
        wrongs.push(`${call} ${id}: answered as ${what}, and that is not recorded`);
    }
    return [...wrongs, ...log.unasked()];
  }
}

/** What comes of an order, and is recorded with its write. */
const EFFECTS: Readonly<Record<string, string>> = {
  'deadLetter.replay': 'operation.replayed',
  'deadLetter.purge': 'operation.purged',
};
const ORDERED: Readonly<Record<string, string>> = {
  'operation.replayed': 'deadLetter.replay',
  'operation.purged': 'deadLetter.purge',
  'crisis.acknowledged': 'crisis.acknowledge',
  'crisis.noted': 'crisis.acknowledge',
  'crisis.released': 'crisis.release',
};

/** The entries, in their order. */
class Log {
  readonly #entries: readonly AuditEntry[];
  readonly #asked = new Map<string, number>();

  constructor(entries: readonly AuditEntry[]) {
    this.#entries = entries;
    for (const { act, call, operation, out } of entries) {
      if (act === 'call.made' && out === 'asked') addTo(this.#asked, `${call} ${operation ?? ''}`);
    }
  }

  get orders(): readonly string[] {
    return [...this.#asked.keys()].filter((order) => !SHOWN.test(order));
  }

  /** How often an order was recorded before it was carried out. */
  asked(order: string): number {
    return this.#asked.get(order) ?? 0;
  }

  ids(...acts: readonly string[]): readonly string[] {
    return this.#entries.flatMap(({ act, operation = '' }) =>
      acts.includes(act) ? [operation] : [],
    );
  }

  of(act: string, id: string): readonly AuditEntry[] {
    return this.#entries.filter((entry) => entry.act === act && entry.operation === id);
  }

  count(act: string, id: string): number {
    return this.of(act, id).length;
  }

  last(act: string, upstream: string | undefined): string | null {
    const all = this.#entries.filter((entry) => entry.act === act && entry.upstream === upstream);
    return all.at(-1)?.code ?? null;
  }

  /** Handles of those for whom crisis mode is on by the log. */
  inCrisisMode(): ReadonlySet<string> {
    const on = new Set<string>();
    for (const { act, subject = '', code = '' } of this.#entries) {
      if (act !== 'crisisMode.changed') continue;
      if (code === 'entered') on.add(subject);
      if (code === 'left' || code === 'timedOut') on.delete(subject);
    }
    return on;
  }

  /** What was done on an order that is not recorded before it. */
  unasked(): readonly string[] {
    const asked = new Map<string, number>();
    const wrongs: string[] = [];
    for (const { seq, act, call, operation = '', out } of this.#entries) {
      if (act === 'call.made' && out === 'asked') addTo(asked, `${call} ${operation}`);
      const order = ORDERED[act];
      if (order === undefined) continue;
      if ((asked.get(`${order} ${operation}`) ?? 0) === 0)
        wrongs.push(`entry ${seq}: ${act} ${operation} without its order before it`);
      addTo(asked, `${order} ${operation}`, -1);
    }
    return wrongs;
  }
}

/** Calls that only show. */
const SHOWN = /^crisis\.list /;

/** The last change of a breaker and of each level is how it stands on disk. */
function ofComponents(log: Log, components: ReadonlyMap<string, string>): readonly string[] {
  const kept = [
    { name: 'breaker:ledger', act: 'breaker.changed', upstream: 'ledger' },
    { name: 'degradation:ledger', act: 'level.changed', upstream: 'ledger' },
    { name: 'degradation:global', act: 'level.changed', upstream: undefined },
  ];
  return kept.flatMap(({ name, act, upstream }) => {
    const text = components.get(name);
    const last = log.last(act, upstream);
    if (text === undefined) return last === null ? [] : [`${name}: ${last}, and not on disk`];
    const { value } = JSON.parse(text) as { readonly value: string };
    const first = act === 'breaker.changed' ? 'closed' : 'full';
    return value === (last ?? first) ? [] : [`${name} is ${value}, and ${last} by the log`];
  });
}

function ofModes(
  log: Log,
  kept: readonly KeptCrisisMode[],
  handles: ReadonlyMap<string, string>,
): readonly string[] {
  const recorded = log.inCrisisMode();
  return PEOPLE.flatMap((person) => {
    const isOn = kept.some(({ subject }) => subject === person);
    const isRecorded = recorded.has(handles.get(person) ?? 'nobody');
    return isOn === isRecorded ? [] : [`${person}: crisis mode ${isOn}, by the log ${isRecorded}`];
  });
}

async function readAll(store: Store, { components, crisisModes }: StoreInfo): Promise<AtRest> {
  const texts: string[] = [];
  for (let fromSeq: number | null = 0; fromSeq !== null; ) {
    const page = await store.auditPage({ fromSeq, limit: AUDIT_PAGE_MAX });
    texts.push(...page.entries);
    fromSeq = page.nextSeq;
  }
  const handles = new Map<string, string>();
  for (const person of PEOPLE) {
    const handle = await store.auditHandle({ person });
    if (handle !== null) handles.set(person, handle);
  }
  return { texts, rows: await rowsAtRest(store), components, modes: crisisModes.kept, handles };
}

/** Who is told of crises: how often of which. */
class Pager {
  readonly told = new Map<string, number>();
  readonly #server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { operationIds } = JSON.parse(body) as { readonly operationIds: readonly string[] };
      for (const id of operationIds) addTo(this.told, id);
      response.writeHead(204).end();
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/alarm`;
  }
}

function decided(decisions: readonly CrisisDecision[], what: CrisisDecision['what']): number {
  return decisions.filter((decision) => decision.what === what).length;
}

function countsOf(orders: readonly Order[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { call, id } of orders) addTo(counts, `${call} ${id}`);
  return counts;
}

function addTo(counts: Map<string, number>, name: string, count = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

/** A refusal is an answer, too; a process that is killed gives none. */
function isNoAnswer(error: unknown): void {
  if (!isHoldfastError(error)) throw error;
}
