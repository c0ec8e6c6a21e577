/**
 * Drivers that feed the oracle, and what each cannot see, with the reason.
 *
 * @module
 */

import type { Driver } from '../../src/simulator/oracle/clause.ts';
import { SIMULATION } from '../../src/simulator/simulation.ts';

const NO_LOOKS = 'the simulator looks at every step';
const NO_AUDIT = 'the simulator reads it, and test/oracle/restart/audit.test.ts after kills';
const OTHER_PROCESS = 'the runtime is another process';
const NO_ERRORS = 'a refused request is asked for again by the program itself';

/** Runs random histories on virtual time, with crashes at named points. */
export const CRASH_HISTORY: Driver = {
  name: 'crash history',
  blind: {
    orderOfAcceptance: 'an acceptance may be told by another process than made it',
    everyEnding: 'nobody waits across a crash',
    expectedEndings: 'requests are cancelled at random',
    bodies: 'handlers are called without HTTP',
    crisisAnswers: 'crises are awaited together with their write',
    slots: 'it may end while a process is stopping',
    looks: NO_LOOKS,
    audit: NO_AUDIT,
  },
};

/** Runs real processes on one store, and kills them with SIGKILL. */
export const RESTART: Driver = {
  name: 'restart',
  blind: {
    diskAtAnyMoment: OTHER_PROCESS,
    oneOrder: 'callers and upstream tell on two pipes',
    orderOfAcceptance: 'an acceptance may be told by another process than made it',
    attemptEnds: OTHER_PROCESS,
    everyWrite: OTHER_PROCESS,
    crisisAnswers: 'a busy machine stalls; test/src/demo and bench/crisisLatency.ts measure it',
    refusals: NO_ERRORS,
    slots: OTHER_PROCESS,
    looks: NO_LOOKS,
    audit: NO_AUDIT,
  },
};

/** Opens and reads a store that a power cut left, rebuilt from a recording or real. */
export const POWER_CUT: Driver = {
  name: 'power cut',
  blind: {
    diskAtAnyMoment: OTHER_PROCESS,
    orderOfAcceptance: 'an acceptance may be told by another process than made it',
    attemptEnds: 'the program does not tell of an attempt that is broken off',
    everyWrite: OTHER_PROCESS,
    crisisAnswers: 'every file call is recorded, which takes time',
    refusals: NO_ERRORS,
    slots: OTHER_PROCESS,
    looks: NO_LOOKS,
    audit: NO_AUDIT,
    everyEnding: 'an image is of one moment in the midst of the work',
    expectedEndings: 'an image is of one moment in the midst of the work',
    bodies: 'the program tells the keys of what it sends, not the bodies',
  },
};

/** Starts the runtime on a store that a cut left, and runs until all is done. */
export const RESUMED: Driver = { name: 'resumed after a power cut', blind: RESTART.blind };

export const DRIVERS: readonly Driver[] = [SIMULATION, CRASH_HISTORY, RESTART, POWER_CUT, RESUMED];
