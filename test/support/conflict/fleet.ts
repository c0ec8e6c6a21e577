/**
 * Several devices that edit one record, and the upstream that keeps it, over the functions and the chart of
 * machines/conflict: no engine, no disk, no network. Messages are lost, doubled and late; edits are given up; a person
 * who is asked takes what the rules made. Every word that is written is written once, so that it can be looked for.
 *
 * @module
 */

import { compareEdit } from '../../../machines/conflict/compareEdit.ts';
import { conflictOrders } from '../../../machines/conflict/conflictMachine.ts';
import type { Edit } from '../../../machines/conflict/editBase.ts';
import {
  decodeEntityRecord,
  type EntityRecord,
  encodeEntityRecord,
} from '../../../machines/conflict/entityRecord.ts';
import { decidedBody, mergeEdit } from '../../../machines/conflict/mergeEdit.ts';
import { afterRemote, afterSent } from '../../../machines/conflict/recordNews.ts';
import { standingOfSent } from '../../../machines/conflict/sentEdit.ts';
import { baseAfter } from '../../../machines/conflict/unmentioned.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import type { AuditEntry, ReviewItem } from '../../../machines/merge/rules/ruling.ts';
import type { MergedBody } from '../../../machines/policy/request/requestBody.ts';
import type { Current, EditBase, Tombstone } from '../../../machines/vocabulary/record.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { ConflictHarness } from '../harness/conflictHarness.ts';
import { ABOUT, DAY_MS, T0 } from './device.ts';
import { type Change, changedBy, type Note, noteRules, partOf, wordsIn } from './note.ts';

/** What devices decide by; a test replaces one of them to see that it is told. */
export const RULES_OF_THE_HOUSE = {
  baseAfter,
  compareEdit,
  mergeEdit,
  standingOfSent,
  afterSent,
  afterRemote,
  decidedBody,
};
export type HouseRules = typeof RULES_OF_THE_HOUSE;

/** One thing that happens. `device` and `tab` are taken modulo those there are. */
export type Step =
  | {
      readonly does: 'edit';
      readonly device: number;
      readonly tab?: number;
      readonly change: Change;
      readonly pick: number;
      /** Which keys the app leaves out. Default: none. */
      readonly drops?: readonly boolean[];
    }
  /** The app looks at the record, and edits what it sees from now on. */
  | { readonly does: 'look'; readonly device: number; readonly tab?: number }
  | { readonly does: 'send'; readonly device: number; readonly fate: Fate }
  | { readonly does: 'giveUp'; readonly device: number }
  /** A copy of a message that was on its way arrives. */
  | { readonly does: 'late'; readonly pick: number }
  /** A version that the upstream had at some time is told of. */
  | { readonly does: 'tell'; readonly device: number; readonly pick: number }
  | { readonly does: 'wait'; readonly days: number }
  /** The clock of a device is set: off by so much from now on. */
  | { readonly does: 'jump'; readonly device: number; readonly skewMs: number }
  /** A copy of the store is put aside; the copy is put back. */
  | { readonly does: 'backUp' | 'restore'; readonly device: number };

export type EditStep = Step & { readonly does: 'edit' };

export type Fate = 'arrives' | 'lost' | 'answerLost';

interface Waiting extends Omit<Edit, 'round'> {
  readonly id: string;
  /** What the app had before, and what it made of that, whatever it left out when it gave it. */
  readonly before: Note;
  readonly after: Note;
  round: number;
  merged: MergedBody | undefined;
  isSent: boolean;
  isOutcomeUnknown: boolean;
}

/** A window: what it has, and what it has that from. */
interface Tab {
  value: Note;
  base: EditBase | null;
}

class App {
  readonly name: string;
  skewMs: number;
  readonly tabs: Tab[];
  queue: Waiting[] = [];
  /** As it is kept. */
  record: string | null = null;
  copy: { readonly record: string | null; readonly queue: readonly Waiting[] } | null = null;

  constructor(name: string, skewMs: number, tabs: number) {
    this.name = name;
    this.skewMs = skewMs;
    this.tabs = Array.from({ length: tabs }, () => ({ value: {}, base: null }));
  }
}

export interface FleetOptions {
  readonly devices: number;
  /** Windows of each app. Default 1. */
  readonly tabs?: number;
  /** How much the clock of each is off. Default: some seconds, and one by five days. */
  readonly clocks?: readonly number[];
  /** The second device is a copy of the first, under the same name. */
  readonly isCopied?: boolean;
  /** Whether the upstream carries what travels with a record. */
  readonly carriesMeta: boolean;
  readonly whileInReview: EntityRules['whileInReview'];
  readonly house?: HouseRules;
  /** A planted bug of the upstream: it takes whatever comes. */
  readonly ignoresVersions?: boolean;
}

const CLOCKS = [0, 90_000, -5 * DAY_MS, 700];

export class Fleet {
  readonly apps: readonly App[];
  readonly rules: EntityRules;
  readonly options: FleetOptions;
  readonly house: HouseRules;
  nowMs = T0;
  current: Current | null = null;
  readonly versions: Current[] = [];
  /** Words that a person was shown, or that are kept with an edit that was given up. */
  readonly shown = new Set<string>();
  /** Words that the audit keeps. */
  readonly audited = new Set<string>();
  readonly written = new Set<string>();
  /** Words that somebody replaced or removed who had them before him, in an edit that was taken. */
  readonly replaced = new Set<string>();
  /** How often a person was asked, or something was left out. */
  questions = 0;
  unproven = 0;
  edits = 0;
  /** Edits that a person was asked about, and those of them whose question was no open one with other words. */
  readonly asked = new Set<string>();
  readonly askedAnew = new Set<string>();
  /** What was asked by path: an edit that meets that again joins the question (0224). */
  readonly #open = new Map<string, Set<string>>();
  #words = 0;
  #bodies = 0;
  #late: MergedBody[] = [];

  constructor(options: FleetOptions) {
    this.options = options;
    this.house = options.house ?? RULES_OF_THE_HOUSE;
    this.rules = noteRules(options.whileInReview);
    this.apps = Array.from(
      { length: options.devices },
      (_, at) =>
        new App(
          `device${options.isCopied === true && at === 1 ? 0 : at}`,
          (options.clocks ?? CLOCKS)[at] ?? 0,
          options.tabs ?? 1,
        ),
    );
  }

  step(step: Step): void {
    this.nowMs += 1_000;
    switch (step.does) {
      case 'edit':
        return this.#edit(this.#app(step.device), step);
      case 'look':
        return this.#look(this.#app(step.device), step.tab ?? 0);
      case 'send':
        return this.#send(this.#app(step.device), step.fate);
      case 'giveUp':
        return this.#giveUp(this.#app(step.device));
      case 'late':
        return this.#arriveLate(step.pick);
      case 'tell': {
        const told = this.versions[step.pick % Math.max(1, this.versions.length)];
        return told === undefined ? undefined : this.#hear(this.#app(step.device), told, false);
      }
      case 'wait':
        this.nowMs += step.days * DAY_MS;
        return;
      case 'jump':
        this.#app(step.device).skewMs = step.skewMs;
        return;
      case 'backUp': {
        const app = this.#app(step.device);
        app.copy = { record: app.record, queue: app.queue.map((edit) => ({ ...edit })) };
        return;
      }
      case 'restore':
        this.#restore(this.#app(step.device));
    }
  }

  /** All that is under way comes to its end, and everybody looks at what there is. */
  settle(): void {
    for (let round = 0; round < 60 && this.apps.some(({ queue }) => queue.length > 0); round += 1) {
      for (const app of this.apps)
        this.step({ does: 'send', device: this.apps.indexOf(app), fate: 'arrives' });
    }
    for (const app of this.apps) {
      if (app.queue.length > 0) throw new Error(`${app.name} does not come to an end`);
      this.#hear(app, this.current, true);
      for (const tab of app.tabs.keys()) this.#look(app, tab);
    }
  }

  get lost(): readonly string[] {
    const there = wordsIn(this.current?.value ?? null);
    return [...this.written].filter(
      (word) => ![there, this.shown, this.audited, this.replaced].some((words) => words.has(word)),
    );
  }

  /** Words that are there again though they were replaced, and nobody was asked. */
  get broughtBack(): readonly string[] {
    const there = wordsIn(this.current?.value ?? null);
    return [...this.replaced].filter((word) => there.has(word) && !this.shown.has(word));
  }

  #app(index: number): App {
    const app = this.apps[index % this.apps.length];
    if (app === undefined) throw new Error('there is no device');
    return app;
  }

  #recordOf(app: App): EntityRecord | null {
    return app.record === null ? null : decodeEntityRecord(app.record);
  }

  /** The time by the clock of a device: one that was reset begins in 1970, and runs. */
  #at(app: App): number {
    return this.nowMs + app.skewMs < 0 ? this.nowMs - T0 : this.nowMs + app.skewMs;
  }

  /** What was accepted after the copy was made is with whoever put it back. */
  #restore(app: App): void {
    if (app.copy === null) return;
    for (const edit of app.queue) {
      for (const word of wordsIn([edit.body.payload, edit.before] as Json)) this.shown.add(word);
    }
    // Where nothing travels with the record, nobody else can say that what waited then was sent, and undone, since.
    for (const { body } of this.options.carriesMeta ? [] : app.copy.queue) {
      for (const word of wordsIn(body.payload)) this.shown.add(word);
    }
    app.record = app.copy.record;
    app.queue = app.copy.queue.map((edit) => ({ ...edit }));
    for (const tab of app.tabs.keys()) this.#look(app, tab);
  }

  #onlooker(app: App) {
    const { rules } = this;
    return { device: app.name, rules, nowMs: this.#at(app), silentMaxMs: 400 * DAY_MS };
  }

  #word(): string {
    this.#words += 1;
    const word = `w${this.#words}`;
    this.written.add(word);
    return word;
  }

  #edit(app: App, { change, pick, drops = [], tab: number = 0 }: EditStep): void {
    // One that does not say what it began with is the only one.
    const tab = app.tabs[app.tabs[0]?.base === null ? 0 : number % app.tabs.length];
    const before = tab?.value ?? {};
    const made = changedBy(change, before, pick, () => this.#word());
    if (tab === undefined || made === null) return;
    const { after, removed } = made;
    const at = this.#at(app);
    const removals = removed.map((path): Tombstone => ({ path, confirmed: true, at }));
    this.edits += 1;
    const id = `op-${this.edits}`;
    const payload = partOf(after, before, drops);
    const { base } = tab;
    const body = {
      payload,
      ...(base === null ? {} : { base: base as unknown as Json }),
      ...(removals.length === 0 ? {} : { removals }),
    };
    app.queue.push({
      id,
      body,
      acceptedAtMs: at,
      round: 0,
      before,
      after,
      merged: undefined,
      isSent: false,
      isOutcomeUnknown: false,
    });
    tab.value = after;
    // As the handle of `sync()` has it; some look at the record again.
    tab.base = this.house.baseAfter(id, body);
    if (base !== null && pick % 2 === 0) this.#look(app, app.tabs.indexOf(tab));
  }

  /** As `entities.get()`: what the upstream holds, with what waits merged in. */
  #look(app: App, number: number): void {
    let record = this.#recordOf(app);
    const version = record?.current?.version ?? null;
    if (record === null) return;
    for (const edit of app.queue) {
      const compared = this.house.compareEdit(this.#comparison(app, edit, record));
      const current = record?.current ?? null;
      const made =
        compared.kind === 'clear'
          ? null
          : this.house.mergeEdit({ ...this.#comparison(app, edit, record), current });
      if (made !== null && !made.isMerged) return;
      const merged = compared.kind === 'clear' ? compared.merged : made?.merged;
      if (merged === undefined) return;
      record = this.house.afterSent(
        record,
        ABOUT,
        { ...edit, body: { ...edit.body, merged }, kept: { version: `waiting ${edit.id}` } },
        this.#onlooker(app),
      );
    }
    const value = record?.current?.value ?? null;
    if (value === null) return;
    const edit = app.queue.at(-1)?.id;
    const base = { version, value, ...(edit === undefined ? {} : { edit }) };
    const looked = { value: value as unknown as Note, base };
    const isFirst = app.tabs[0]?.base === null;
    for (const [at, tab] of app.tabs.entries()) {
      if (isFirst || at === number % app.tabs.length) Object.assign(tab, looked);
    }
  }

  #comparison(app: App, edit: Edit, record = this.#recordOf(app)) {
    const { device, rules, nowMs } = this.#onlooker(app);
    const { body, acceptedAtMs, round } = edit;
    const { merged } = edit as Waiting;
    const known = { ...body, ...(merged === undefined ? {} : { merged }) };
    this.#bodies += 1;
    const draw = `b${this.#bodies}`;
    return { record, edit: { body: known, acceptedAtMs, round }, rules, device, nowMs, draw };
  }

  #send(app: App, fate: Fate): void {
    const [edit] = app.queue;
    if (edit === undefined) return;
    if (edit.merged === undefined && !this.#compare(app, edit)) return this.#meet(app, edit, false);
    const { merged } = edit;
    if (merged === undefined) throw new Error('it is not compared');
    edit.isSent = true;
    if (fate === 'lost') {
      this.#late.push(merged);
      edit.isOutcomeUnknown = true;
      return;
    }
    const taken = this.#put(merged);
    if (fate === 'answerLost') {
      this.#late.push(merged);
      edit.isOutcomeUnknown = true;
    } else if (taken === null) this.#meet(app, edit, true);
    else this.#complete(app, edit, { version: taken });
  }

  /** Whether it may be sent. */
  #compare(app: App, edit: Waiting): boolean {
    const comparison = this.#comparison(app, edit);
    const compared = this.house.compareEdit(comparison);
    if (compared.kind === 'clear') edit.merged = compared.merged;
    if (compared.kind !== 'merge') return compared.kind === 'clear';
    const made = this.house.mergeEdit({ ...comparison, current: compared.current });
    if (!made.isMerged) throw new Error(made.because);
    this.#note(edit.id, made.review, made.audit);
    if (made.isHeld) return false;
    edit.merged = made.merged;
    return true;
  }

  /** A conflict, by its chart. */
  #meet(app: App, edit: Waiting, isRefused: boolean): void {
    const before = this.#recordOf(app);
    const chart = new ConflictHarness({
      round: edit.round,
      roundsMax: 1_000,
      isOutcomeUnknown: edit.isOutcomeUnknown,
      heardAtMs: null,
    });
    chart.wait(25);
    const { current } = this;
    const standing = this.house.standingOfSent({
      sent: edit.isSent ? edit.merged : undefined,
      current,
      record: before,
      device: app.name,
      isOutcomeUnknown: edit.isOutcomeUnknown,
    });
    this.#hear(app, current, true);
    do chart.fetched(standing);
    while (chart.state === 'detected');
    const round = edit.round + (isRefused ? 1 : 0);
    if (chart.state === 'merging') {
      const made = this.house.mergeEdit({ ...this.#comparison(app, { ...edit, round }), current });
      if (!made.isMerged) throw new Error(made.because);
      this.#note(edit.id, made.review, made.audit);
      const { isToWait, isNothingLeft, review } = made;
      chart.merged({ questions: review.length, isToWait, isNothingLeft });
      if (chart.context.asks === 'outcomeUnknown') {
        this.unproven += 1;
        this.asked.add(edit.id);
        this.askedAnew.add(edit.id);
        for (const word of wordsIn(made.sides as unknown as Json)) this.shown.add(word);
      }
      edit.merged = made.merged;
      edit.round = round;
      edit.isOutcomeUnknown = false;
      if (conflictOrders(chart.snapshot) === 'askPerson') {
        this.questions += 1;
        const { payload: value, version, absent } = made.merged;
        edit.merged = this.house.decidedBody(this.#comparison(app, edit), {
          value,
          version,
          absent,
        });
        chart.now('person.decided');
      }
      if (conflictOrders(chart.snapshot) === 'rebase') chart.now('journal.committed');
    }
    const { outcome } = chart.context;
    if (outcome === 'applied' && current !== null) this.#complete(app, edit, current);
  }

  #note(id: string, review: readonly ReviewItem[], audit: readonly AuditEntry[]): void {
    const lost = audit.flatMap((entry) => entry.lost);
    for (const word of wordsIn(review as unknown as Json)) this.shown.add(word);
    for (const word of wordsIn(lost as unknown as Json)) this.audited.add(word);
    this.questions += review.length;
    for (const { path, alternatives } of review) {
      const open = this.#open.get(path) ?? new Set();
      const words = wordsIn(alternatives as unknown as Json);
      this.asked.add(id);
      if (![...words].some((word) => open.has(word))) this.askedAnew.add(id);
      this.#open.set(path, new Set([...open, ...words]));
    }
  }

  #complete(app: App, edit: Waiting, kept: Pick<Current, 'version'> & Partial<Current>): void {
    const record = this.house.afterSent(
      this.#recordOf(app),
      ABOUT,
      {
        ...edit,
        body: { ...edit.body, ...(edit.merged === undefined ? {} : { merged: edit.merged }) },
        kept,
      },
      this.#onlooker(app),
    );
    app.record = encodeEntityRecord(record);
    app.queue.shift();
    const after = wordsIn(edit.after as unknown as Json);
    for (const word of wordsIn(edit.before as unknown as Json)) {
      if (!after.has(word)) this.replaced.add(word);
    }
  }

  #giveUp(app: App): void {
    const [edit] = app.queue;
    // One that may have been applied is not given up here: what became of it nobody would know.
    if (edit === undefined || edit.isOutcomeUnknown) return;
    app.queue.shift();
    for (const word of wordsIn([edit.body.payload, edit.before as unknown as Json])) {
      this.shown.add(word);
    }
  }

  #arriveLate(pick: number): void {
    const [merged] = this.#late.splice(pick % Math.max(1, this.#late.length), 1);
    if (merged !== undefined) this.#put(merged);
  }

  #hear(app: App, current: Current | null, isAsked: boolean): void {
    const news = this.house.afterRemote(
      this.#recordOf(app),
      ABOUT,
      current,
      this.#onlooker(app),
      isAsked,
    );
    app.record = encodeEntityRecord(news.record);
  }

  /** The version that it was taken as; `null` for a conflict. */
  #put({ payload, version, absent, meta }: MergedBody): string | null {
    const held = this.current?.version ?? null;
    const isFit = absent === true ? held === null : version === held;
    if (!isFit && this.options.ignoresVersions !== true) return null;
    const next = `"${this.versions.length + 1}"`;
    this.current = { version: next, value: payload, ...(this.options.carriesMeta ? { meta } : {}) };
    this.versions.push(this.current);
    return next;
  }
}
