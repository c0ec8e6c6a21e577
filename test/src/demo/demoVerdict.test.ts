import { describe, expect, test } from 'vitest';
import { checkRequest } from '../../../machines/policy/request/request.ts';
import { percentile } from '../../../src/cli/kit/output.ts';
import { demoRequest } from '../../../src/demo/demoPlan.ts';
import { type DemoEvidence, judgeDemo, summaryText } from '../../../src/demo/demoVerdict.ts';
import { UpstreamLedger } from '../../../src/simulator/network/upstreamLedger.ts';
import { upstreamKey } from '../../../src/upstreamKey.ts';

const plan = { seed: 1, operations: 3 };
const keys = [0, 1, 2].map((index) => upstreamKey(demoRequest(plan, index)));

const HEARD_AT_MS = 1_000;
const DONE = { status: 'completed', attempts: 1, acceptedAtMs: 900, elapsedMs: 5 };

/** A run in which all went well: three operations, one crisis. */
function goodRun(): DemoEvidence & { readonly witness: UpstreamLedger } {
  const witness = new UpstreamLedger();
  for (const key of [...keys, 'crisis-0']) {
    const { entry } = witness.note(key, 1, Buffer.from('{}'));
    if (entry !== null) entry.applied = 1;
  }
  return {
    witness,
    plan,
    accepted: new Map([0, 1, 2].map((index) => [index, HEARD_AT_MS])),
    settled: new Map([0, 1, 2].map((index) => [index, { ...DONE }])),
    ledger: new Map([...witness.entries()].map((entry) => [entry.key, entry])),
    crisisAnswersMs: [0.1, 0.4],
    crisesDurable: new Set(['crisis-0']),
    kills: 3,
    killsWanted: 3,
    cutShort: null,
  };
}

/** The good run with one thing wrong. */
function judgeWith(more: Partial<DemoEvidence>) {
  return judgeDemo({ ...goodRun(), ...more });
}

describe('judgeDemo', () => {
  test('OP-2 a run in which all went well passes', () => {
    const summary = judgeWith({});
    expect(summary).toMatchObject({
      verdict: 'PASS',
      faults: [],
      accepted: 3,
      lost: 0,
      duplicated: 0,
    });
    expect(summaryText(summary, {}).split('\n').at(-1)).toMatch(/^PASS {2}3 operations/);
  });

  test('OP-2 control: an operation that is said to be done and was not is lost', () => {
    const { witness, ledger } = goodRun();
    const entry = witness.get(keys[1] ?? '');
    if (entry !== undefined) entry.applied = 0;
    expect(
      judgeWith({ ledger: new Map([...ledger, [keys[1] ?? '', entry ?? expect.unreachable()]]) }),
    ).toMatchObject({
      verdict: 'FAIL',
      lost: 1,
    });
  });

  test('OP-2 control: an accepted operation that the store took for new is lost', () => {
    const { settled } = goodRun();
    const again = { ...DONE, acceptedAtMs: HEARD_AT_MS + 1 };
    expect(judgeWith({ settled: new Map([...settled, [1, again]]) })).toMatchObject({
      verdict: 'FAIL',
      lost: 1,
    });
  });

  test('OP-2 control: an accepted operation of which nothing more was heard fails the run', () => {
    const { settled } = goodRun();
    expect(judgeWith({ settled: new Map([...settled].slice(1)) })).toMatchObject({
      verdict: 'FAIL',
      unfinished: 1,
    });
    expect(judgeWith({ cutShort: 'it took too long' }).verdict).toBe('FAIL');
  });

  test('OP-3 control: an operation applied twice fails the run', () => {
    const run = goodRun();
    const entry = run.witness.get(keys[0] ?? '');
    if (entry !== undefined) entry.applied = 2;
    const summary = judgeDemo(run);
    expect(summary).toMatchObject({ verdict: 'FAIL', duplicated: 1 });
    expect(summaryText(summary, {}).split('\n').at(-1)).toMatch(
      /^FAIL {2}1 operations were applied more/,
    );
  });

  test('CR-1 control: one answer at 200 ms fails the run, and so does no answer at all', () => {
    expect(judgeWith({ crisisAnswersMs: [0.1, 199.99] }).verdict).toBe('PASS');
    expect(judgeWith({ crisisAnswersMs: [0.1, 200] }).verdict).toBe('FAIL');
    expect(judgeWith({ crisisAnswersMs: [] }).verdict).toBe('FAIL');
  });

  test('CR-4 control: a durable crisis that was not delivered is lost', () => {
    expect(judgeWith({ crisesDurable: new Set(['crisis-0', 'crisis-1']) })).toMatchObject({
      verdict: 'FAIL',
      crises: { lost: 1 },
    });
  });

  test('SV-3 control: a run with fewer kills or less work than asked proves nothing', () => {
    expect(judgeWith({ kills: 2 }).verdict).toBe('FAIL');
    expect(judgeWith({ plan: { seed: 1, operations: 4 } }).verdict).toBe('FAIL');
  });

  test('OP-5 a dead letter is named, not lost', () => {
    const { settled } = goodRun();
    const report = { ...DONE, status: 'deadLettered', attempts: 3 };
    expect(judgeWith({ settled: new Map([...settled, [2, report]]) })).toMatchObject({
      verdict: 'PASS',
      deadLettered: 1,
    });
  });
});

test('UX-1 percentiles are by nearest rank', () => {
  const values = [5, 1, 4, 2, 3];
  expect([0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([3, 5, 5]);
  expect(percentile([], 0.5)).toBe(0);
});

test('UX-1 the plan of a seed is always the same, and made of valid requests', () => {
  const big = { seed: 7, operations: 1_000 };
  for (let index = 0; index < big.operations; index += 1) {
    const request = demoRequest(big, index);
    expect(request).toEqual(demoRequest(big, index));
    checkRequest(request);
  }
});
