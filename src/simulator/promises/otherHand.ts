/**
 * Another hand, which has no key, has deleted records of a store or put earlier copies back: nothing comes of them but
 * what a person in crisis must have, and it is told.
 *
 * A touch counts once the process that ran meanwhile has ended, which rows on disk tell: a living one goes on with what
 * it had in memory.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import { standsStill } from '../oracle/look.ts';
import type { TraceEvents } from '../oracle/trace.ts';

const PAGE = 'how-to/find-out-what-is-missing';

/** Time within which a process with a disk that is well has checked every record, however much it has to do. */
const CHECKED_WITHIN_MS = 600_000;

type Touch = TraceEvents['touched'];

/** Touches of some kinds, until they are mended. */
class Touches {
  readonly #is: (touch: Touch) => boolean;
  /** Touches that no process has met yet that started since. */
  readonly #fresh = new Map<string, Touch>();
  readonly #counting = new Map<string, Touch>();

  constructor(is: (touch: Touch) => boolean) {
    this.#is = is;
  }

  /** Touches that count, by the names of their records. */
  get counting(): ReadonlyMap<string, Touch> {
    return this.#counting;
  }

  readonly touched = (touch: Touch): void => {
    if (this.#is(touch)) this.#fresh.set(touch.name, touch);
  };

  readonly disk = (): void => {
    for (const [name, touch] of this.#fresh) this.#counting.set(name, touch);
    this.#fresh.clear();
  };

  mended(name: string): void {
    this.#fresh.delete(name);
    this.#counting.delete(name);
  }

  clear(): void {
    this.#fresh.clear();
    this.#counting.clear();
  }

  /** Finds a touched operation by its id. */
  of(id: string): Touch | undefined {
    return [...this.#counting.values()].find((touch) => touch.id === id);
  }
}

const isWork = ({ what }: Touch): boolean => what === 'work';

/** The finding of health that tells of a touched record that is still as it was touched. */
function findingOf({ what, how }: Touch): string {
  if (what === 'work' && how === 'putBack') return 'quarantined';
  // It counts as not there, as one that can't be opened.
  if (what === 'record' && how === 'putBack') return 'damage';
  return 'recordsMissing';
}

/** Tells of what is used all the same, so that a write may mend it at once. */
const isUsed = ({ what, how }: Touch): boolean =>
  what === 'crisisMode' || what === 'breaker' || (what === 'crisis' && how === 'putBack');

export const otherHand: readonly Clause[] = [
  {
    breach: 'an earlier copy went out',
    says: {
      page: PAGE,
      sentence: 'It is quarantined before it is handed out: nothing goes out twice',
    },
    requirements: ['SE-6'],
    watch: (_, broken) => {
      const touches = new Touches((touch) => isWork(touch) && touch.how === 'putBack');
      return {
        touched: touches.touched,
        disk: touches.disk,
        // A person may take the earlier copy for the record. A process that started since has nothing but the copy to go
        // on with, and writes no record by it.
        mended: ({ name, by }) => {
          if (by !== 'update' || !touches.counting.has(name)) touches.mended(name);
        },
        attempted: ({ id = '', attempt }) => {
          if (touches.of(id) !== undefined) broken(`attempt ${attempt} of ${id}`);
        },
      };
    },
  },
  {
    breach: 'what was deleted went out',
    says: { page: PAGE, sentence: 'It does not run, and its lane goes on' },
    requirements: ['SE-6'],
    watch: (_, broken) => {
      const touches = new Touches((touch) => isWork(touch) && touch.how === 'deleted');
      return {
        touched: touches.touched,
        disk: touches.disk,
        attempted: ({ id = '', attempt }) => {
          if (touches.of(id) !== undefined) broken(`attempt ${attempt} of ${id}`);
        },
      };
    },
  },
  {
    breach: 'an earlier crisis is not delivered',
    says: { page: PAGE, sentence: 'It is delivered, perhaps for a second time, and told' },
    requirements: ['SE-6', 'CR-4'],
    watch: (known, broken) => {
      const touches = new Touches(({ what, how }) => what === 'crisis' && how === 'putBack');
      const owed = new Set<string>();
      return {
        touched: touches.touched,
        disk: () => {
          touches.disk();
          for (const { id } of touches.counting.values()) if (id !== undefined) owed.add(id);
          touches.clear();
        },
        attempted: ({ id = '' }) => void owed.delete(id),
        // The crises of a copy are those of the store that it is of.
        copied: () => {
          owed.clear();
        },
        finished: ({ mayWait }) => {
          // Somebody may have called it off, before or after.
          for (const id of owed) {
            if (mayWait?.has(id) !== true && !known.cancelled.has(id)) broken(id);
          }
        },
      };
    },
  },
  {
    breach: 'an earlier plan is not marked',
    says: { page: PAGE, sentence: 'It is shown, marked `earlierCopy` in the answer' },
    requirements: ['SE-6', 'CR-3'],
    needs: ['crisisAnswers'],
    watch: (_, broken) => {
      const touches = new Touches(({ what, how }) => what === 'plan' && how === 'putBack');
      /** People whom earlier plans name, and who are in no other. */
      const earlier = new Set<string>();
      return {
        touched: (touch) => {
          touches.touched(touch);
          if (touch.how === 'putBack' && touch.person !== undefined) earlier.add(touch.person);
        },
        answered: ({ key, planSaid, person }) => {
          if (typeof person !== 'string' || !earlier.has(person)) return;
          if (planSaid !== 'earlierCopy')
            broken(`${key} is answered with ${person} as ${planSaid}`);
        },
      };
    },
  },
  {
    breach: 'an earlier plan is not shown',
    says: { page: PAGE, sentence: 'It is shown, marked `earlierCopy` in the answer' },
    requirements: ['SE-6', 'CR-3'],
    needs: ['crisisAnswers'],
    watch: (_, broken) => {
      const touches = new Touches(({ what, how }) => what === 'plan' && how === 'putBack');
      return {
        touched: touches.touched,
        disk: touches.disk,
        mended: ({ name }) => {
          touches.mended(name);
        },
        answered: ({ key, subject, planSaid }) => {
          if (!touches.counting.has(`plan ${subject}`)) return;
          if (planSaid === 'none' || planSaid === 'unreadable') broken(`${key} says ${planSaid}`);
        },
      };
    },
  },
  {
    breach: 'a deleted plan counts as none',
    says: {
      page: 'crisis',
      sentence:
        "There is one, and it can't be opened, or somebody deleted it from the store's file",
    },
    requirements: ['SE-6', 'CR-3'],
    needs: ['crisisAnswers'],
    watch: (_, broken) => {
      const touches = new Touches(({ what, how }) => what === 'plan' && how === 'deleted');
      return {
        touched: touches.touched,
        disk: touches.disk,
        mended: ({ name }) => {
          touches.mended(name);
        },
        answered: ({ key, subject, planSaid }) => {
          if (touches.counting.has(`plan ${subject}`) && planSaid === 'none') broken(key);
        },
      };
    },
  },
  {
    breach: 'crisis mode in doubt is off',
    says: { page: PAGE, sentence: 'Crisis mode is on for everybody, by `holdfast`, for 24 hours' },
    requirements: ['SE-6', 'CR-6'],
    needs: ['looks'],
    watch: (_, broken) => {
      const touches = new Touches(({ what }) => what === 'crisisMode');
      let inDoubt: string | null = null;
      /** What was in doubt before an order to end it that may yet be refused. */
      let before: string | null = null;
      return {
        touched: touches.touched,
        disk: () => {
          touches.disk();
          for (const name of touches.counting.keys()) inDoubt = name;
          touches.clear();
        },
        // Somebody else than who switched it on may end it, for everybody too. It is off before that is on disk.
        asked: ({ what }) => {
          if (what !== 'leaveMode') return;
          before ??= inDoubt;
          inDoubt = null;
        },
        ordered: ({ call, code }) => {
          if (call !== 'crisisMode.leave') return;
          inDoubt = code === null ? null : (inDoubt ?? before);
          before = null;
        },
        // By a clock that was set it may have ended.
        clockMoved: () => {
          inDoubt = null;
        },
        looked: ({ health, world }) => {
          if (inDoubt === null || health.phase !== 'running') return;
          if (health.crisisMode.global === null) broken(`${inDoubt} after ${world.upMs} ms`);
        },
      };
    },
  },
  {
    breach: 'another hand is not told of',
    says: {
      page: PAGE,
      sentence:
        'Health says that records of the store are missing, or are earlier copies; `onError` got `HF_RECORD_MISSING` or `HF_RECORD_STALE`.',
    },
    requirements: ['SE-6', 'HM-1'],
    needs: ['looks'],
    watch: (_, broken) => {
      const touches = new Touches(() => true);
      /** True once the process has told of any. */
      let isTold = false;
      /** Records that it used and has mended, untold so far: what is told comes with the answer to the write. */
      const owed: string[] = [];
      return {
        touched: touches.touched,
        disk: () => {
          touches.disk();
          isTold = false;
          owed.length = 0;
        },
        toldOfTouched: () => {
          isTold = true;
        },
        mended: ({ name }) => {
          const touch = touches.counting.get(name);
          touches.mended(name);
          if (touch !== undefined && isUsed(touch)) owed.push(`${name}, ${touch.how}`);
        },
        looked: ({ health, world }) => {
          for (const untold of owed.splice(0)) if (!isTold) broken(untold);
          if (health.phase !== 'running') return;
          const isLate = Math.min(world.upMs, world.diskWellMs) >= CHECKED_WITHIN_MS;
          if (health.storeCheck.state !== 'done' && (!isLate || standsStill(health))) return;
          const said = new Set(health.findings.map(({ id }) => id));
          for (const [name, touch] of touches.counting) {
            const finding = findingOf(touch);
            if (!said.has(finding)) broken(`${name}, ${touch.how}: health says no ${finding}`);
          }
        },
      };
    },
  },
];
