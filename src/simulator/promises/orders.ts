/**
 * Orders of people: a refusal has a code that tells why, and an accepted order does what it asked for.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import type { TraceEvents } from '../oracle/trace.ts';

type Ordered = TraceEvents['ordered'];

const BATCHES = ['deadLetter.replayBatch', 'deadLetter.purgeBatch'];

/** Tells whether a call about all that match may mean dead letters of this type. */
function isMeant({ params }: Ordered, type: string): boolean {
  if (params['dryRun'] === true) return false;
  const { type: only, ...other } = (params['filter'] ?? {}) as { readonly type?: string };
  return only === undefined || Object.keys(other).length > 0 || only === type;
}

export const orders: readonly Clause[] = [
  {
    breach: 'order refused without a code',
    says: {
      page: 'errors',
      sentence: 'Every error that holdfast makes is a `HoldfastError` with a stable `code`.',
    },
    requirements: ['UX-2'],
    watch: (_, broken) => ({
      ordered: ({ call, id, code }) => {
        if (code === 'no code' || code === 'HF_INTERNAL') broken(`${call} of ${id}`);
      },
    }),
  },
  {
    breach: 'went on though cancelled',
    says: {
      page: 'requirements',
      sentence: 'The cancellation is durable before that.',
    },
    requirements: ['OP-5'],
    watch: (known, broken) => {
      const cancelled = new Set<string>();
      return {
        ordered: ({ call, id, answer }) => {
          const { tookNotice = false } = (answer ?? {}) as { readonly tookNotice?: boolean };
          if (call === 'operation.cancel' && id !== null && tookNotice && !known.isCrisis(id))
            cancelled.add(id);
        },
        attempted: ({ id = '', attempt }) => {
          if (cancelled.has(id) && !known.mayBeReplayed(id)) broken(`attempt ${attempt} of ${id}`);
        },
      };
    },
  },
  {
    breach: 'more was done than was asked for',
    says: {
      page: 'requirements',
      sentence: 'replayed from the dead letters (one, or all that match)',
    },
    requirements: ['OP-5'],
    needs: ['looks'],
    watch: (known, broken) => {
      /** Types of dead letters at the last look, by id, without those that an order was about since. */
      let letters = new Map<string, string>();
      /** Number of calls about many that are under way. */
      let open = 0;
      return {
        asked: ({ id, what }) => {
          if (what !== 'replay' && what !== 'purge') return;
          if (id === null) open += 1;
          else letters.delete(id);
        },
        ordered: (event) => {
          if (!BATCHES.includes(event.call) || event.params['dryRun'] === true) return;
          // An order given while the disk hung may take effect once the disk goes on.
          if (event.code === 'HF_STORE_HANGING') return;
          open -= 1;
          for (const [id, type] of letters) if (isMeant(event, type)) letters.delete(id);
        },
        // A process that dies may leave a call under way without an answer.
        disk: () => {
          letters.clear();
          open = 0;
        },
        looked: ({ rows }) => {
          const now = new Map(
            rows.flatMap(({ id, type, standing }) =>
              standing === 'deadLettered' ? [[id, type]] : [],
            ),
          );
          if (open > 0) {
            for (const [id, type] of now) letters.set(id, type);
            return;
          }
          for (const [id, type] of letters) {
            const isAskedFor = known.purged.has(id) || known.replayed.has(id);
            if (!now.has(id) && !isAskedFor && !known.damaged.has(id)) broken(`${id} of ${type}`);
          }
          letters = now;
        },
      };
    },
  },
  {
    breach: 'replayed with old attempts',
    says: {
      page: 'management',
      sentence: 'Runs one dead letter again, with fresh attempts, and its payload or another.',
    },
    requirements: ['OP-5'],
    watch: (_, broken) => {
      /** First attempt of each dead letter since somebody asked to run it again; `null` before it. */
      const asked = new Map<string, number | null>();
      const back = new Set<string>();
      const judge = (id: string): void => {
        const attempt = asked.get(id) ?? null;
        if (attempt === null || !back.delete(id)) return;
        asked.delete(id);
        if (attempt > 1) broken(`attempt ${attempt} of ${id}`);
      };
      return {
        asked: ({ id, what }) => {
          if (what === 'replay' && id !== null && !asked.has(id)) asked.set(id, null);
        },
        ordered: ({ call, id, code }) => {
          if (call !== 'deadLetter.replay' || id === null) return;
          if (code !== null) asked.delete(id);
          else if (asked.has(id)) back.add(id);
          judge(id);
        },
        disk: () => {
          asked.clear();
          back.clear();
        },
        attempted: ({ id, attempt }) => {
          if (id === undefined || asked.get(id) !== null) return;
          asked.set(id, attempt);
          judge(id);
        },
      };
    },
  },
  {
    breach: "another's hold released",
    says: {
      page: 'how-to/handle-outages-and-dead-letters',
      sentence: "`release('ana')` releases only ana's;",
    },
    requirements: ['CB-1'],
    needs: ['looks'],
    watch: (_, broken) => {
      /** Sole holder of each upstream's breaker at the last look, until the holder lets go. */
      const holders = new Map<string, string>();
      /** Other people who released something at an upstream since then. */
      const others = new Map<string, string>();
      return {
        ordered: ({ call, by, params, code }) => {
          const upstream = String(params['upstream']);
          const holder = holders.get(upstream);
          if (call !== 'breaker.release' || code !== null || holder === undefined) return;
          const isOthers = by !== null && by !== holder && params['of'] === undefined;
          if (isOthers) others.set(upstream, by);
          else holders.delete(upstream);
        },
        disk: () => {
          holders.clear();
        },
        looked: ({ health: { upstreams } }) => {
          for (const [upstream, by] of others) {
            const isHeld = (upstreams[upstream]?.hold ?? null) !== null;
            if (!isHeld && holders.has(upstream)) {
              broken(`${upstream}, which ${String(holders.get(upstream))} held, by ${by}`);
            }
          }
          others.clear();
          holders.clear();
          for (const [upstream, { hold }] of Object.entries(upstreams)) {
            if (hold?.orders === 1 && hold.by !== null) holders.set(upstream, hold.by);
          }
        },
      };
    },
  },
];
