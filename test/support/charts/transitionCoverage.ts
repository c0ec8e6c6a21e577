/**
 * Which transitions of each chart the tests took, exactly, counted apart: by charts alone, from the microsteps
 * that XState reports to an `inspect` observer, and by the charts of runtimes, from their tap
 * (watchRuntimes.ts). A test file hands what it saw to the run's report (see transitionCoverageReport.ts)
 * when it ends, by a set-up of each file (handOverTransitions.ts), since files may share a process.
 *
 *     const observe = coverTransitions(circuitBreakerMachine);
 *     createActor(circuitBreakerMachine, { inspect: observe });
 *
 * @module
 */

import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, inject } from 'vitest';
import type { AnyStateMachine, AnyTransitionDefinition, InspectionEvent } from 'xstate';
import { allTransitions, transitionLabel } from '../../../inspector/charts/transitions.ts';

/** Whether a chart was run by itself, or by a runtime. */
export type CoveredBy = 'chart' | 'runtime';

/** What one test file saw of one machine, as it is handed to the report. */
export interface TransitionsSeen {
  readonly machineId: string;
  readonly by: CoveredBy;
  /** The test file, from the root of the repository. */
  readonly file: string;
  readonly all: readonly string[];
  readonly seen: readonly string[];
}

interface Recording {
  readonly by: CoveredBy;
  readonly machineId: string;
  readonly all: ReadonlySet<string>;
  readonly seen: Set<string>;
}

/** Of the file of tests that runs. A harness keeps its observer from one file to the next, so that these stay. */
const recordings = new Map<string, Recording>();

/**
 * An `inspect` observer that notes each transition of `machine` taken anywhere in the system it
 * watches, by children too. It never throws: an observer that does breaks the actor it observes.
 */
export function coverTransitions(machine: AnyStateMachine): (event: InspectionEvent) => void {
  const recording = recordingOf(machine, 'chart');
  return (event) => {
    if (event.type !== '@xstate.microstep') return;
    const { _transitions: transitions } = event;
    note(recording, transitions);
  };
}

/** Notes what a chart of a runtime took. Never throws. */
export function coverRuntime(
  machine: AnyStateMachine,
  transitions: readonly AnyTransitionDefinition[],
): void {
  note(recordingOf(machine, 'runtime'), transitions);
}

/** The labels this test file has seen charts take so far, and those it has not: for a test that wants them all. */
export function transitionsTaken(machine: AnyStateMachine): {
  readonly seen: readonly string[];
  readonly missing: readonly string[];
} {
  const { all, seen } = recordingOf(machine, 'chart');
  return { seen: [...seen], missing: [...all].filter((label) => !seen.has(label)) };
}

const labels = new WeakMap<AnyTransitionDefinition, string>();

function labelOf(transition: AnyTransitionDefinition): string {
  const known = labels.get(transition);
  if (known !== undefined) return known;
  const label = transitionLabel(transition);
  labels.set(transition, label);
  return label;
}

function note(
  { machineId, all, seen }: Recording,
  transitions: readonly AnyTransitionDefinition[],
): void {
  try {
    for (const transition of transitions) {
      if (transition.source.machine.id !== machineId) continue;
      const label = labelOf(transition);
      if (all.has(label)) seen.add(label);
    }
  } catch {
    // A missed label shows in the report; a thrown error would change what is being tested.
  }
}

function recordingOf(machine: AnyStateMachine, by: CoveredBy): Recording {
  const key = `${by} ${machine.id}`;
  const known = recordings.get(key);
  if (known !== undefined) return known;
  const all = new Set(allTransitions(machine).map((transition) => transition.label));
  const recording = { by, machineId: machine.id, all, seen: new Set<string>() };
  recordings.set(key, recording);
  return recording;
}

/** Writes what the file of tests saw for the report, and begins anew for the next one. */
export function handOverTransitions(): void {
  const file = relative(process.cwd(), expect.getState().testPath ?? '');
  const directory = inject('transitionCoverageDir');
  for (const { by, machineId, all, seen } of recordings.values()) {
    if (seen.size === 0) continue;
    const report: TransitionsSeen = { machineId, by, file, all: [...all], seen: [...seen] };
    const path = join(directory, `${by}.${machineId}.${process.pid}.${performance.now()}.json`);
    writeFileSync(path, JSON.stringify(report));
    seen.clear();
  }
}
