/**
 * Soundness: a store opens by itself and is whole, a stop ends in time, a runtime at rest holds on to nothing, and none
 * contradicts itself.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import { UNSOUND } from '../oracle/trace.ts';

/** Longest duration of a call that is not on disk. */
const CALLS_END_WITHIN_MS = 180_000;

export const soundness: readonly Clause[] = [
  ...UNSOUND.map(
    (breach): Clause => ({
      breach,
      says: {
        page: 'durability',
        sentence: 'The rest may be there, gone or torn; each of these opens',
      },
      requirements: ['PS-4'],
      watch: (_, broken) => ({
        unsound: ({ what, detail }) => {
          if (what === breach) broken(detail);
        },
      }),
    }),
  ),
  {
    breach: 'slot leaked',
    says: {
      page: 'requirements',
      sentence: 'A slot always comes back, whatever becomes of its holder.',
    },
    requirements: ['OP-6'],
    needs: ['slots'],
    watch: (_, broken) => ({
      looked: ({ health, rows, world }) => {
        const leastMs = Math.min(world.upMs, world.diskWellMs, world.stillMs);
        if (leastMs < CALLS_END_WITHIN_MS || health.phase !== 'running') return;
        for (const [name, { inFlight }] of Object.entries(health.upstreams)) {
          const running = rows.filter(
            ({ standing, upstream }) => standing === 'inHand' && upstream === name,
          ).length;
          if (inFlight > running + (world.callsOut.get(name) ?? 0))
            broken(`${inFlight} at ${name}, where ${running} run`);
        }
      },
      finished: ({ rows, slotsTaken = 0, attemptsRunning = 0 }) => {
        // Operations that may wait on are tried all the while.
        const left = rows.filter(({ outcome }) => outcome === null).length;
        if (slotsTaken + attemptsRunning <= left) return;
        broken(`${slotsTaken} taken, ${attemptsRunning} attempts running`);
      },
      // A handler that stays silent for good has lost its slot and still counts as running.
      rested: ({ slotsTaken, attemptsRunning, handlersOut }) => {
        if (slotsTaken === 0 && attemptsRunning === handlersOut) return;
        broken(`${slotsTaken} taken, ${attemptsRunning} attempts running of ${handlersOut}`);
      },
    }),
  },
  {
    breach: 'stop is late',
    says: { page: 'requirements', sentence: 'let work in flight finish up to a deadline' },
    requirements: ['SV-4'],
    outlivesRestore: true,
    watch: (_, broken) => ({
      stopLate: ({ deadlineMs, byMs }) => {
        broken(`${byMs} ms after its deadline of ${deadlineMs} ms`);
      },
    }),
  },
  {
    breach: 'defect of its own',
    says: { page: 'errors', sentence: 'A defect of holdfast.' },
    requirements: ['SV-2'],
    outlivesRestore: true,
    watch: (_, broken) => ({
      defect: ({ message }) => {
        broken(message);
      },
    }),
  },
  {
    breach: 'timer leaked',
    says: {
      page: 'requirements',
      sentence: 'let work in flight finish up to a deadline; persist; close.',
    },
    requirements: ['SV-4'],
    outlivesRestore: true,
    watch: (_, broken) => ({
      closed: ({ timers }) => {
        if (timers > 0) broken(`${timers} run after it has closed`);
      },
    }),
  },
];
