/**
 * Which transitions of each chart the tests took, exactly: from the microsteps that XState reports
 * to an `inspect` observer. A test file hands what it saw to the run's report (see
 * transitionCoverageReport.ts) when it ends.
 *
 *     const observe = coverTransitions(circuitBreakerMachine);
 *     createActor(circuitBreakerMachine, { inspect: observe });
 *
 * @module
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';
import type { AnyStateMachine, InspectionEvent } from 'xstate';
import { allTransitions, transitionLabel } from '../../../inspector/charts/transitions.ts';

/** What one test file saw of one machine, as it is handed to the report. */
export interface TransitionsSeen {
  readonly machineId: string;
  readonly all: readonly string[];
  readonly seen: readonly string[];
}

interface Recording {
  readonly all: ReadonlySet<string>;
  readonly seen: Set<string>;
}

const recordings = new Map<string, Recording>();

/**
 * An `inspect` observer that notes each transition of `machine` taken anywhere in the system it
 * watches, by children too. It never throws: an observer that does breaks the actor it observes.
 */
export function coverTransitions(machine: AnyStateMachine): (event: InspectionEvent) => void {
  const { all, seen } = recordingOf(machine);
  return (event) => {
    if (event.type !== '@xstate.microstep') return;
    try {
      for (const transition of event._transitions) {
        if (transition.source.machine.id !== machine.id) continue;
        const label = transitionLabel(transition);
        if (all.has(label)) seen.add(label);
      }
    } catch {
      // A missed label shows in the report; a thrown error would change what is being tested.
    }
  };
}

/** The labels this test file has seen so far, and those it has not: for a test that wants them all. */
export function transitionsTaken(machine: AnyStateMachine): {
  readonly seen: readonly string[];
  readonly missing: readonly string[];
} {
  const { all, seen } = recordingOf(machine);
  return { seen: [...seen], missing: [...all].filter((label) => !seen.has(label)) };
}

function recordingOf(machine: AnyStateMachine): Recording {
  const known = recordings.get(machine.id);
  if (known !== undefined) return known;
  const all = new Set(allTransitions(machine).map((transition) => transition.label));
  const recording = { all, seen: new Set<string>() };
  recordings.set(machine.id, recording);
  return recording;
}

afterAll(() => {
  const directory = inject('transitionCoverageDir');
  for (const [machineId, { all, seen }] of recordings) {
    const report: TransitionsSeen = { machineId, all: [...all], seen: [...seen] };
    const file = join(directory, `${machineId}.${process.pid}.${performance.now()}.json`);
    writeFileSync(file, JSON.stringify(report));
  }
});
