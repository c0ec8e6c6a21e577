/**
 * Crises: answered at once, recorded without refusal, and told to people.
 *
 * @module
 */

import type { Clause, Watch } from '../oracle/clause.ts';
import type { Known } from '../oracle/known.ts';
import { type Look, standsStill } from '../oracle/look.ts';
import { isCrisisKey } from '../oracle/trace.ts';
import { Takings } from './takings.ts';

/** Time until health reports an undelivered crisis, and a margin for it. */
const UNDELIVERED_MS = 300_000 + 60_000;
/** A close rejects all pending callers; a crisis that a hanging disk has no room for is delivered and not kept. */
const NO_REFUSAL: readonly (string | null)[] = ['HF_CLOSED', 'HF_STORE_HANGING'];

export const crises: readonly Clause[] = [
  {
    breach: 'crisis waited',
    says: {
      page: 'requirements',
      sentence:
        "`crisis()` answers in < 200 ms at the 99.99th percentile whenever the process's event loop runs",
    },
    requirements: ['CR-1'],
    needs: ['crisisAnswers'],
    watch: (_, broken) => ({
      answered: ({ key, waitedMs, mayWaitMs = 0, client }) => {
        if (client === undefined && waitedMs > mayWaitMs) broken(`${key} for ${waitedMs} ms`);
      },
    }),
  },
  {
    breach: 'crisis refused',
    says: {
      page: 'requirements',
      sentence: 'Nothing refuses one',
    },
    requirements: ['CR-4'],
    needs: ['refusals'],
    watch: (_, broken) => ({
      refused: ({ key, code }) => {
        if (isCrisisKey(key) && !NO_REFUSAL.includes(code)) broken(key);
      },
    }),
  },
  {
    breach: 'crisis not kept on a full disk',
    says: {
      page: 'requirements',
      sentence: 'while it escalates, held and spilled while storage fails',
    },
    requirements: ['CR-4'],
    watch: (_, broken) => {
      let isFull = false;
      /** Ids of crises answered since the disk filled up, by their keys. */
      const answered = new Map<string, string>();
      return {
        full: (event) => {
          ({ isFull } = event);
          answered.clear();
        },
        // A client may answer while the owner stands still, which keeps nothing then.
        answered: ({ key, id, client }) => {
          if (isFull && client === undefined) answered.set(key, id);
        },
        // A process that closes stops keeping crises, and says so.
        refused: ({ key, code }) => {
          if (code === 'HF_CLOSED') answered.delete(key);
        },
        disk: ({ rows }) => {
          const kept = new Set(rows.map(({ id }) => id));
          for (const id of answered.values()) if (!kept.has(id)) broken(id);
          answered.clear();
        },
      };
    },
  },
  {
    breach: 'crisis answered without help',
    says: {
      page: 'requirements',
      sentence: 'Local crisis resources are always available offline',
    },
    requirements: ['CR-3'],
    needs: ['crisisAnswers'],
    watch: (_, broken) => ({
      answered: ({ key, helps }) => {
        if (helps === 0) broken(key);
      },
    }),
  },
  {
    breach: 'crisis answered without its plan',
    says: {
      page: 'requirements',
      sentence: "the subject's own crisis plan, what the app has configured, built-in help lines",
    },
    requirements: ['CR-3'],
    needs: ['crisisAnswers'],
    watch: (_, broken) => ({
      answered: ({ key, planOwed, planGiven }) => {
        if (planOwed !== planGiven) broken(`${key}: ${planOwed}, not ${planGiven}`);
      },
    }),
  },
  {
    breach: 'notice is wrong',
    says: { page: 'crisis', sentence: 'nothing of what the person sent' },
    requirements: ['CR-5'],
    watch: (_, broken) => ({
      noticeWrong: ({ what }) => {
        broken(what);
      },
    }),
  },
  {
    breach: 'nobody was told',
    says: { page: 'requirements', sentence: 'until somebody was told' },
    requirements: ['CR-5'],
    needs: ['looks'],
    outlivesRestore: true,
    watch: nobodyWasTold,
  },
  {
    breach: 'a step was never told',
    says: { page: 'requirements', sentence: 'each step until it was told' },
    requirements: ['CR-5'],
    needs: ['looks'],
    outlivesRestore: true,
    watch: (known, broken) => {
      /** Steps that have heard of each crisis, by its id. */
      const heard = new Map<string, Set<string>>();
      const takings = new Takings();
      const firstSeen = new FirstSeen();
      let heldAtMs = Number.NEGATIVE_INFINITY;
      return {
        heard: ({ ids, step }) => {
          for (const id of ids) heard.set(id, (heard.get(id) ?? new Set()).add(step));
        },
        ...takings.hears,
        looked: ({ rows, health, world }) => {
          const { telling, atMs } = world;
          takings.noteLook(world);
          firstSeen.noteLook(rows, world);
          if (telling === null || health.phase !== 'running' || standsStill(health)) {
            heldAtMs = atMs;
            return;
          }
          const wellMs = Math.min(world.upMs, world.diskWellMs, world.pagerWellMs, atMs - heldAtMs);
          for (const { id, isCrisis, isTest, openMs } of rows) {
            if (!isCrisis || isTest || known.damaged.has(id)) continue;
            // Nobody has had it in all that time, and no pager has made a false claim.
            const quietMs = atMs - takings.untilMs(id, world);
            const forMs = Math.min(wellMs, openMs, world.pagerTrueMs, quietMs);
            // A step that a lying pager has told is told again when the chain begins again.
            const isTrue = world.pagerTrueMs >= atMs - firstSeen.afterMs(id);
            if (forMs < (isTrue ? telling.lapsedWithinMs : telling.againWithinMs)) continue;
            const untold = telling.steps.filter((step) => heard.get(id)?.has(step) !== true);
            if (untold.length > 0) broken(`${untold.join(' and ')} of ${id}, for ${forMs} ms`);
          }
        },
      };
    },
  },
  {
    breach: 'taken on before anybody was told',
    says: { page: 'requirements', sentence: 'Before a step was heard it is only a note' },
    requirements: ['CR-5'],
    needs: ['looks'],
    outlivesRestore: true,
    watch: (_, broken) => {
      const heard = new Set<string>();
      let last: Look['world'] | null = null;
      return {
        heard: ({ ids }) => {
          for (const id of ids) heard.add(id);
        },
        looked: ({ world }) => {
          last = world;
        },
        ordered: ({ call, id, answer }) => {
          if (call !== 'crisis.acknowledge' || id === null || heard.has(id)) return;
          const isJudged = last !== null && last.telling !== null && last.pagerTrueMs >= last.atMs;
          const { what } = (answer ?? {}) as { readonly what?: string };
          if (isJudged && what === 'acknowledged') broken(id);
        },
      };
    },
  },
  {
    breach: 'health is silent of a crisis',
    says: {
      page: 'requirements',
      sentence:
        'Health is at least degraded while one is undelivered for five minutes, whoever took it on',
    },
    requirements: ['CR-4', 'CR-5', 'HM-1'],
    needs: ['looks'],
    watch: (_, broken) => {
      let heldAtMs = Number.NEGATIVE_INFINITY;
      return {
        looked: ({ rows, health, world }) => {
          const { overall, crises: counts } = health;
          if (counts.unacknowledged > 0 && overall !== 'critical') {
            broken(`${counts.unacknowledged} that nobody has, and it says ${overall}`);
          }
          if (health.phase !== 'running' || standsStill(health)) heldAtMs = world.atMs;
          const forMs = Math.min(world.upMs, world.diskWellMs, world.atMs - heldAtMs);
          if (overall !== 'healthy' || forMs < UNDELIVERED_MS) return;
          const silent = rows.find(
            ({ isCrisis, isTest, openMs }) => isCrisis && !isTest && openMs >= UNDELIVERED_MS,
          );
          if (silent !== undefined) broken(`${silent.id} for ${silent.openMs} ms`);
        },
      };
    },
  },
];

/** Looks just before the first at each crisis: no crisis came, and no pager was told of it, before that. */
class FirstSeen {
  readonly #afterMs = new Map<string, number>();
  #lookedAtMs = 0;

  noteLook(rows: Look['rows'], { atMs }: Look['world']): void {
    for (const { id, isCrisis } of rows) {
      if (isCrisis && !this.#afterMs.has(id)) this.#afterMs.set(id, this.#lookedAtMs);
    }
    this.#lookedAtMs = atMs;
  }

  /** True time of that look; 0 for none. */
  afterMs(id: string): number {
    return this.#afterMs.get(id) ?? 0;
  }
}

/** First look at a crisis, and the last notice that people heard of it, by true time. */
interface Telling {
  readonly sinceAtMs: number;
  heardAtMs: number | null;
  /** First look after people heard; `null` before it. */
  heardByMs: number | null;
}

function nobodyWasTold(known: Known, broken: (detail: string) => void): Watch {
  const told = new Map<string, Telling>();
  const takings = new Takings();
  let atMs = 0;
  let heldAtMs = Number.NEGATIVE_INFINITY;
  const of = (id: string): Telling => {
    const its = told.get(id) ?? { sinceAtMs: atMs, heardAtMs: null, heardByMs: null };
    told.set(id, its);
    return its;
  };
  return {
    heard: ({ ids }) => {
      for (const id of ids) Object.assign(of(id), { heardAtMs: atMs, heardByMs: null });
    },
    ...takings.hears,
    looked: ({ rows, health, world }) => {
      ({ atMs } = world);
      takings.noteLook(world);
      const { telling } = world;
      if (telling === null || health.phase !== 'running' || standsStill(health)) {
        heldAtMs = atMs;
        return;
      }
      const wellMs = Math.min(world.upMs, world.diskWellMs, world.pagerWellMs, atMs - heldAtMs);
      for (const row of rows) {
        if (!row.isCrisis || row.isTest || known.damaged.has(row.id)) continue;
        const its = of(row.id);
        its.heardByMs ??= its.heardAtMs === null ? null : atMs;
        const isNew = its.heardAtMs === null && world.pagerTrueMs >= atMs - its.sinceAtMs;
        const heardAtMs = its.heardAtMs ?? 0;
        const takenUntilMs = takings.untilMs(row.id, world);
        // The chain tells the person who had taken the crisis of the lapse first, then the others. A lying pager takes
        // that notice and tells nobody.
        const toldByMs = Math.max(its.heardByMs ?? 0, atMs - world.pagerTrueMs);
        const isToldOfLapse = takings.hadLapsedBy(row.id, toldByMs, world);
        const againMs =
          takenUntilMs > heardAtMs && !isToldOfLapse
            ? telling.lapsedWithinMs
            : telling.againWithinMs;
        const limitMs = isNew ? telling.withinMs : againMs;
        const quietMs = atMs - Math.max(heardAtMs, takenUntilMs);
        const forMs = Math.min(wellMs, row.openMs, quietMs);
        if (forMs >= limitMs) broken(`of ${row.id}${isNew ? '' : ' again'}, for ${forMs} ms`);
      }
    },
  };
}
