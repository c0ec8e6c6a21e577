/**
 * Shrinks a plan that breaks a promise, as long as it still breaks the same one: fewer steps, fewer machines, fewer
 * settings, less time.
 *
 * @module
 */

import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { Plan, Setup, Step } from '../scene/plan.ts';

const HOUR_MS = 3_600_000;
/** Gap left between two steps where the time between them does not matter. */
const SHORT_GAP_MS = 1_000;

/** Names the kind of a breach: its promise, or how the run fell. */
export function breachKind(breach: string): string {
  const [line = ''] = breach.split('\n');
  return line.startsWith('fallen: ') ? line : (line.split(': ')[0] ?? line);
}

export interface ShrinkParts {
  /** Runs a plan, and tells whether it breaks the promise. */
  readonly breaks: (plan: Plan) => Promise<boolean>;
  /** Number of plans to run at a time. */
  readonly jobs: number;
  /** Tells whether the time is up: the smallest plan so far is then the result. */
  readonly isOver: () => boolean;
  /** Hears of the progress, after every few runs. */
  readonly onProgress: (progress: ShrinkProgress) => void;
}

export interface ShrinkProgress {
  readonly steps: number;
  readonly runs: number;
}

/** Finds the smallest plan: the given one where nothing can be left out. */
export async function shrinkPlan(plan: Plan, parts: ShrinkParts): Promise<Plan> {
  return await new Shrinking(plan, parts).run();
}

class Shrinking {
  readonly #parts: ShrinkParts;
  #best: Plan;
  #runs = 0;

  constructor(plan: Plan, parts: ShrinkParts) {
    this.#best = plan;
    this.#parts = parts;
  }

  async run(): Promise<Plan> {
    await this.#fewerSteps();
    let before: Plan;
    do {
      before = this.#best;
      await this.#smallerSetup();
      await this.#lessTime();
      await this.#plainerSteps();
      await this.#fewerSteps();
    } while (this.#best !== before && !this.#parts.isOver());
    return this.#best;
  }

  /** Leaves out steps: halves, quarters, … and in the end single ones, until every step is needed. */
  async #fewerSteps(): Promise<void> {
    let size = Math.ceil(this.#best.steps.length / 2);
    while (size >= 1 && !this.#parts.isOver()) {
      const hasShrunk = await this.#withoutPieces(size);
      if (size === 1 && !hasShrunk) return;
      size = Math.max(1, Math.floor(size / 2));
    }
  }

  /** Leaves out each piece of this many steps that is not needed, the last first. */
  async #withoutPieces(size: number): Promise<boolean> {
    let hasShrunk = false;
    let end = this.#best.steps.length;
    while (end > 0 && !this.#parts.isOver()) {
      const pieces: (readonly Step[])[] = [];
      for (; end > 0 && pieces.length < this.#parts.jobs; end -= size) {
        pieces.push(this.#best.steps.slice(Math.max(0, end - size), end));
      }
      const without = (left: readonly (readonly Step[])[]): Plan => {
        const out = new Set(left.flat());
        return { ...this.#best, steps: this.#best.steps.filter((step) => !out.has(step)) };
      };
      const still = await this.#each(pieces.map((piece) => without([piece])));
      const unneeded = pieces.filter((_, at) => still[at]);
      if (unneeded.length === 0) continue;
      hasShrunk = true;
      const all = without(unneeded);
      const isAll = unneeded.length > 1 && (await this.#each([all]))[0];
      this.#best = isAll === true ? all : without(unneeded.slice(0, 1));
    }
    return hasShrunk;
  }

  /** Leaves out machines and services, and sets each back to the usual. */
  async #smallerSetup(): Promise<void> {
    let at = 0;
    for (;;) {
      const smaller = smallerSetups(this.#best.setup)[at];
      if (smaller === undefined || this.#parts.isOver()) return;
      if (!(await this.#isTaken({ ...this.#best, setup: smaller }))) at += 1;
    }
  }

  /** Starts at once, leaves out time in which nothing happens, and heals soon after the last step. */
  async #lessTime(): Promise<void> {
    const all = this.#best.steps.map((_, at) => at);
    for (const gaps of [all, ...all.map((at) => [at])]) {
      if (this.#parts.isOver()) return;
      const shorter = withGaps(this.#best, new Set(gaps));
      const isShorter = shorter.steps.at(-1)?.atMs !== this.#best.steps.at(-1)?.atMs;
      if (isShorter) await this.#isTaken(shorter);
    }
    const lastMs = this.#best.steps.at(-1)?.atMs ?? 0;
    for (const hours of [Math.ceil(lastMs / HOUR_MS) || 1, Math.ceil(lastMs / HOUR_MS) + 1]) {
      if (hours < this.#best.hours && (await this.#isTaken({ ...this.#best, hours }))) return;
    }
  }

  /** Turns off every flag of each step that need not be on. */
  async #plainerSteps(): Promise<void> {
    for (const [at, { data }] of this.#best.steps.entries()) {
      for (const [name, value] of Object.entries(data)) {
        if (value !== true || this.#parts.isOver()) continue;
        const steps = this.#best.steps.map((step, index) =>
          index === at ? { ...step, data: { ...step.data, [name]: false } } : step,
        );
        await this.#isTaken({ ...this.#best, steps });
      }
    }
  }

  async #isTaken(plan: Plan): Promise<boolean> {
    const [stillBreaks = false] = await this.#each([plan]);
    if (stillBreaks) this.#best = plan;
    return stillBreaks;
  }

  async #each(plans: readonly Plan[]): Promise<readonly boolean[]> {
    this.#runs += plans.length;
    const still = await Promise.all(plans.map((plan) => this.#parts.breaks(plan)));
    this.#parts.onProgress({ steps: this.#best.steps.length, runs: this.#runs });
    return still;
  }
}

/** Cuts short the pause before each of these steps; later steps move along. */
function withGaps(plan: Plan, short: ReadonlySet<number>): Plan {
  let [cutMs, beforeMs] = [0, 0];
  const steps = plan.steps.map((step, at) => {
    const gapMs = step.atMs - beforeMs;
    beforeMs = step.atMs;
    if (short.has(at)) cutMs += Math.max(0, gapMs - SHORT_GAP_MS);
    return { ...step, atMs: step.atMs - cutMs };
  });
  return { ...plan, steps };
}

type Fields = Readonly<Record<string, Json>>;

/** Lists each way to leave out one thing of the set-up: a machine, an unusual setting, or an entry of a list. */
function smallerSetups(setup: Setup): readonly Setup[] {
  const lists = Object.entries(setup as unknown as Readonly<Record<string, readonly Fields[]>>);
  return lists.flatMap(([name, machines]) => {
    const fewer = machines.length > 1 ? shorterLists(machines) : [];
    const plainer = machines.flatMap((machine, at) =>
      plainerMachines(machine).map((plain) => machines.with(at, plain)),
    );
    return [...fewer, ...plainer].map((list) => ({ ...setup, [name]: list }));
  });
}

/** Lists a machine without each of its fields but the name. */
function plainerMachines(machine: Fields): readonly Fields[] {
  const fields = Object.entries(machine);
  return fields.flatMap(([name, value]) => {
    if (name === 'name') return [];
    const without = Object.fromEntries(fields.filter(([other]) => other !== name));
    return [without, ...withLessOf(value).map((less) => ({ ...machine, [name]: less }))];
  });
}

/** Lists copies of a value with one entry less in one of its lists. */
function withLessOf(value: Json): readonly Json[] {
  if (Array.isArray(value)) {
    const list: readonly Json[] = value;
    const inside = list.flatMap((each, at) => withLessOf(each).map((less) => list.with(at, less)));
    return [...shorterLists(list), ...inside];
  }
  if (typeof value !== 'object' || value === null) return [];
  const fields = Object.entries(value as Fields);
  return fields.flatMap(([name, of]) =>
    withLessOf(of).map((less) => Object.fromEntries([...fields, [name, less]])),
  );
}

function shorterLists<Item>(list: readonly Item[]): readonly (readonly Item[])[] {
  return list.map((_, at) => list.toSpliced(at, 1));
}
