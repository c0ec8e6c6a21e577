import { expect, test } from 'vitest';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';
import {
  asksForSomebody,
  asksNow,
  isBackingOff,
  isEvent,
  type WaitReason,
  waitReasonOf,
} from '../../../machines/operation/waitReason.ts';

const REASONS: readonly WaitReason[] = [
  'turn',
  'lane',
  'handler',
  'backoff',
  'conflict',
  'review',
  'startAt',
];

test('OP-7 CF-6 who waits for somebody, and who for something that does not come with time', () => {
  expect(REASONS.filter(asksForSomebody)).toEqual(['handler', 'conflict', 'review']);
  expect(REASONS.filter(isEvent)).toEqual(['lane', 'handler', 'conflict', 'review', 'startAt']);
});

test('CF-6 CF-8 an edit asks nobody while its conflict is merged', () => {
  expect(REASONS.filter((reason) => asksNow(reason, { isEdit: true }))).toEqual([
    'handler',
    'review',
  ]);
  expect(REASONS.filter((reason) => asksNow(reason, {}))).toEqual([
    'handler',
    'conflict',
    'review',
  ]);
});

test('OP-1 what is under way, suspect or at its end waits for nothing', () => {
  for (const state of [
    'accepting',
    'comparing',
    'attempting',
    'suspect',
    'settling',
    'completed',
  ] as const) {
    expect(waitReasonOf(state)).toBeNull();
  }
});

test('RT-1 only after a failed attempt is it time that it waits for', () => {
  const states = OPERATION_STATES;
  expect(states.filter(isBackingOff)).toEqual(['backingOff']);
});
