/**
 * What the charts say of how long one can stay in a state, against the numbers that make it so.
 */
import { expect, test } from 'vitest';
import { OVERHANG_FACTOR } from '../../actors/operation/attemptRun.ts';
import { COMPARED_WITHIN_MS } from '../../actors/recovery/anchorKeeper.ts';
import { chartModel } from '../../inspector/charts/chartModel.ts';
import { ESCALATION_PACE, tellAgainMs } from '../../machines/crisis/crisisEscalation.ts';
import { machines } from '../../machines/index.ts';
import { crisisRetry, crisisTimeoutMs } from '../../machines/policy/crisis/crisisBounds.ts';
import {
  MODE_MS_DEFAULT,
  MODE_MS_MAX,
  switchedOn,
  warnsAtMs,
} from '../../machines/policy/crisis/crisisMode.ts';
import { SLOT_HELD_MS_MAX } from '../../machines/policy/crisis/crisisSlotShares.ts';
import { DEFAULT_FLOW_POLICY } from '../../machines/policy/flow/flowPolicy.ts';
import {
  CRASHES_ALONE_MAX,
  CRASHES_IN_A_ROW_MAX,
  pauseBeforeAloneMs,
  pauseOfCrashedCrisisMs,
} from '../../machines/policy/retry/crashPolicy.ts';
import { DEFAULT_RETRY, GIVE_UP_AFTER_MS } from '../../machines/policy/retry/retryPolicy.ts';
import { noteFailedStart, planStart } from '../../machines/policy/service/restartPolicy.ts';
import {
  HANGING_AFTER_MS,
  OVERDUE_AFTER_MS,
  PROBE_MS_MAX,
  PROBE_MS_MIN,
} from '../../machines/policy/service/storageTrouble.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { escalationChain } from '../../src/crisis/escalationOptions.ts';
import { FOR_MS } from '../../src/management/crises.ts';
import { howLong } from '../../tools/docs/text/chartDoc.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A time as the charts say it. */
function said(ms: number): string {
  if (ms % HOUR === 0) return `${ms / HOUR} h`;
  if (ms % MINUTE === 0) return `${ms / MINUTE} min`;
  return `${ms / SECOND} s`;
}

/** The innermost state, as rows and people name it: parents may come and go. */
function named(id: string, path: string): string {
  const parts = path.split('.');
  const innermost = parts.at(-1) ?? '';
  if (id === 'syncOperation') return innermost;
  return id === 'crisis' && parts.length > 1 ? `${parts[0]}.${innermost}` : path;
}

function lastsOf(id: string, path: string): string {
  const machine = machines.find((one) => one.id === id);
  if (machine === undefined) throw new Error(`no machine ${id}`);
  const { states } = chartModel(machine);
  const state = states.find((one) => named(id, one.path) === path);
  return (state === undefined ? null : howLong(states, state)) ?? '';
}

const [step] = escalationChain([{ name: 'on-call', notify: () => undefined }]);
const crises = crisisRetry({ ...DEFAULT_RETRY.crisis, thenEveryMs: HOUR });
const manyCrashes = CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX - 1;
const lockedStore = new HoldfastError('HF_STORE_LOCKED', 'locked');
const fifth = { ...noteFailedStart(null, lockedStore), inARow: 50 };
const mode = switchedOn(null, {
  by: { id: 'a', role: 'b' },
  atMs: 0,
  reason: null,
  forMs: MODE_MS_DEFAULT,
});

const SAID: readonly (readonly [chart: string, state: string, ...times: readonly number[]])[] = [
  ['crisis', 'delivery.awaitingPlace', SLOT_HELD_MS_MAX],
  ['crisis', 'delivery.attempting', crisisTimeoutMs(0), crisisTimeoutMs(HOUR)],
  ['crisis', 'delivery.callingOff', crisisTimeoutMs(HOUR)],
  ['crisis', 'delivery.pacing', crises.thenEveryMs ?? 0],
  ['crisis', 'delivery.fastBackoff', pauseOfCrashedCrisisMs(1_000)],
  ['crisis', 'escalation.notifying', step?.timeoutMs ?? 0],
  ['crisis', 'escalation.awaitingAcknowledgement', step?.acknowledgeWithinMs ?? 0],
  [
    'crisis',
    'escalation.stepsOwed',
    tellAgainMs('notHeard', 1, 1, ESCALATION_PACE),
    // The longest of those that may have been heard, without chance, and of those that refuse.
    ESCALATION_PACE.refusedMs,
  ],
  ['crisis', 'escalation.acknowledged', FOR_MS.max],
  ['crisisMode', 'on', mode.endsAtMs - warnsAtMs(mode), MODE_MS_DEFAULT, MODE_MS_MAX],
  ['crisisMode', 'ending', mode.endsAtMs - warnsAtMs(mode)],
  ['syncOperation', 'suspect', pauseBeforeAloneMs(manyCrashes)],
  ['syncOperation', 'backingOff', GIVE_UP_AFTER_MS],
  ['circuitBreaker', 'open', DEFAULT_FLOW_POLICY.probeMsMin, DEFAULT_FLOW_POLICY.probeMsMax],
  ['storageHealth', 'well', OVERDUE_AFTER_MS],
  ['storageHealth', 'slow', HANGING_AFTER_MS],
  ['storageHealth', 'troubled.full', PROBE_MS_MIN, PROBE_MS_MAX],
  ['supervisor', 'running.recovery.comparing', COMPARED_WITHIN_MS],
  ['supervisor', 'startFailed.waiting', planStart(fifth, 0).dueAtMs ?? 0],
];

test.each(SAID.map(([chart, state, ...times]) => ({ chart, state, times })))(
  'OB-3 $chart $state: the times said are those that hold',
  ({ chart, state, times }) => {
    const lasts = lastsOf(chart, state);
    const numbers = [...lasts.matchAll(/\b\d[\d.]* (?:s|min|h)\b/g)].map(([number]) => number);
    expect(new Set(numbers)).toEqual(new Set(times.map(said)));
  },
);

test('OB-3 syncOperation attempting: it overhangs after as many time-outs as it says', () => {
  expect(OVERHANG_FACTOR).toBe(3);
  expect(lastsOf('syncOperation', 'attempting')).toContain('after three times that');
});

test('OB-3 no other chart says a number that is held by nothing here', () => {
  const others = machines.flatMap((machine) =>
    chartModel(machine)
      .states.filter(({ lasts }) => /\d (?:s|min|h)\b/.test(lasts ?? ''))
      .map(({ path }) => `${machine.id} ${named(machine.id, path)}`),
  );
  expect(others.toSorted()).toEqual([
    'circuitBreaker open',
    'crisis delivery.attempting',
    'crisis delivery.awaitingPlace',
    'crisis delivery.callingOff',
    'crisis delivery.fastBackoff',
    'crisis delivery.pacing',
    'crisis escalation.acknowledged',
    'crisis escalation.awaitingAcknowledgement',
    'crisis escalation.notifying',
    'crisis escalation.stepsOwed',
    'crisisMode ending',
    'crisisMode on',
    'storageHealth slow',
    'storageHealth troubled',
    'storageHealth well',
    'supervisor running.recovery.comparing',
    'supervisor startFailed.waiting',
    'syncOperation backingOff',
    'syncOperation suspect',
  ]);
});
