import { describe, expect, test } from 'vitest';
import {
  awaitsPlace,
  type CrisisState,
  crisisDemand,
  crisisDueAtMs,
  crisisEndedAs,
  crisisStageOf,
  crisisStateOf,
  crisisWaitsFor,
  isCrisisAttempted,
  isCrisisBusy,
  isCrisisOver,
  isCrisisState,
  wasFoundInFlight,
} from '../../../machines/crisis/crisisDemand.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import { innermostStates } from '../../../machines/vocabulary/innermost.ts';

const regions = crisisMachine.root.states;
const [deliveries = [], records = []] = [regions['delivery'], regions['record']].map((region) =>
  region === undefined ? [] : innermostStates(region),
);
const STATES = [...deliveries.map(({ key }) => key), 'closed'] as readonly CrisisState[];

/** `does`, with what is written, and `!` where that is waited for. */
function inWords(state: CrisisState, revision = 1): string {
  const { does, write, isBarrier } = crisisDemand(state, { revision });
  return `${does} ${write ?? '-'}${isBarrier ? '!' : ''}`;
}

test('CR-4 what each state of its delivery asks for: it waits for no write but that of its ending', () => {
  expect(Object.fromEntries(STATES.map((state) => [state, inWords(state)]))).toEqual({
    awaitingPlace: 'wait order',
    awaitingHandler: 'restInHand position',
    attempting: 'attempt -',
    callingOff: 'awaitHandler order',
    fastBackoff: 'restInHand position',
    pacing: 'restInHand position',
    delivered: 'tell ending!',
    calledOff: 'tell ending!',
    closed: 'report -',
  });
});

test('CR-4 its first write is that of its acceptance, which nobody waits for', () => {
  for (const state of STATES) expect(inWords(state, 0)).toBe('wait acceptance');
});

test('CR-4 each state of the delivery has one tag, and of the record only the last has one', () => {
  for (const { key, tags } of deliveries) expect([key, tags.length]).toEqual([key, 1]);
  expect(records.filter(({ tags }) => tags.length > 0).map(({ key }) => key)).toEqual(['closed']);
});

test('CR-4 for an engine it is where its delivery is, until its ending is on disk', () => {
  const escalation = 'exhausted';
  expect(crisisStateOf({ record: 'writing', delivery: 'pacing', escalation })).toBe('pacing');
  expect(crisisStateOf({ record: 'durable', delivery: 'delivered', escalation })).toBe('delivered');
  expect(crisisStateOf({ record: 'closed', delivery: 'delivered', escalation })).toBe('closed');
});

describe('CR-4 named states', () => {
  test('SV-4 an orderly stop waits for what is sent, and for an ending once the store is open', () => {
    const sent = ['awaitingPlace', 'attempting', 'callingOff'];
    expect(STATES.filter((state) => isCrisisBusy(state, false))).toEqual(sent);
    expect(STATES.filter((state) => isCrisisBusy(state, true))).toEqual([
      ...sent,
      'delivered',
      'calledOff',
    ]);
  });

  test('CR-4 OP-7 what it waits for, and until when', () => {
    const timed = ['fastBackoff', 'pacing'];
    const dueIn = (state: CrisisState) => crisisDueAtMs(state, { wakeAtMs: 7 });
    expect(STATES.filter((state) => crisisWaitsFor(state) === 'backoff')).toEqual(timed);
    expect(STATES.filter((state) => crisisWaitsFor(state) === 'handler')).toEqual([
      'awaitingHandler',
    ]);
    expect(STATES.filter((state) => dueIn(state) === 7)).toEqual(timed);
    expect(STATES.filter(awaitsPlace)).toEqual(['awaitingPlace']);
  });

  test('RT-4 found in flight, over', () => {
    expect(STATES.filter(isCrisisOver)).toEqual(['delivered', 'calledOff']);
    const entry = (what: 'crashed' | 'failed') => ({
      history: [{ atMs: 1, what, attempt: 1, code: null }],
    });
    expect(STATES.filter((state) => wasFoundInFlight(state, entry('crashed')))).toEqual([
      'fastBackoff',
    ]);
    expect(STATES.filter((state) => wasFoundInFlight(state, entry('failed')))).toEqual([]);
  });

  test('CR-4 how it ended', () => {
    const ended = deliveries.map(({ key }) =>
      isCrisisState(key) ? crisisEndedAs(key) : 'unknown',
    );
    expect(ended.filter((ending) => ending !== null)).toEqual(['completed', 'cancelled']);
    expect(isCrisisState('backingOff')).toBe(false);
  });

  test('OB-3 how far it is, in the words of operations, and whether its handler was called', () => {
    const delivered = deliveries.map(({ key }) => key).filter(isCrisisState);
    const stages = delivered.map((state) => [state, crisisStageOf(state)]);
    expect(Object.fromEntries(stages)).toEqual({
      ...{ awaitingPlace: 'ready', attempting: 'ready', callingOff: 'ready' },
      ...{ fastBackoff: 'ready', pacing: 'ready', awaitingHandler: 'handlerMissing' },
      ...{ delivered: 'ended', calledOff: 'ended' },
    });
    expect(delivered.filter(isCrisisAttempted)).toEqual(['attempting', 'callingOff']);
  });
});
