import { describe, expect, test } from 'vitest';
import {
  historySentence,
  historySpans,
  toldSentence,
  waitInWords,
  waitSentence,
} from '../../../../inspector/page/calls/historyWords.ts';
import { WAIT_REASONS } from '../../../../machines/operation/waitReason.ts';
import { WAIT_CAUSES } from '../../../../machines/vocabulary/standing.ts';

describe('OB-1 a history in words', () => {
  const line = { atMs: 5_200, attempt: 2, code: null };

  test.each([
    [
      {
        ...line,
        what: 'failed',
        code: 'HF_ATTEMPT_TIMED_OUT',
        failureClass: 'unknownOutcome',
        startedAtMs: 4_000,
      },
      'Attempt 2 failed after 1.2 s: HF_ATTEMPT_TIMED_OUT, nobody knows whether the upstream has acted.',
    ],
    [{ ...line, what: 'crashed' }, 'The process died while attempt 2 ran.'],
    [{ ...line, what: 'replayRequested' }, 'A person brought it back from the dead letters.'],
    [{ ...line, what: 'somethingNew', code: 'HF_X' }, 'somethingNew, attempt 2: HF_X.'],
  ])('OB-1 %j', (entry, sentence) => {
    expect(historySentence(entry)).toBe(sentence);
  });

  test('OB-1 says how long it waited before each attempt, and how long that took', () => {
    const history = [
      { ...line, what: 'failed', atMs: 3_000, startedAtMs: 1_000 },
      { ...line, what: 'retryRequested', atMs: 4_000 },
      { ...line, what: 'failed', atMs: 9_000, startedAtMs: 8_000 },
    ];
    expect(historySpans(history, 500)).toEqual([
      { waitedMs: 500, tookMs: 2_000 },
      { waitedMs: 1_000, tookMs: null },
      { waitedMs: 4_000, tookMs: 1_000 },
    ]);
  });

  test('OB-1 every reason to wait has words', () => {
    const reasons = [...WAIT_REASONS.filter((reason) => reason !== 'turn'), ...WAIT_CAUSES];
    expect(reasons.filter((reason) => waitInWords(reason) === reason)).toEqual([]);
    expect(waitInWords('later')).toBe('later');
  });

  test('OB-1 a wait says for what, for how long and until when', () => {
    const wait = { reason: 'breaker', sinceAtMs: 1_000, untilAtMs: 60_000 };
    expect(waitSentence({ wait }, 43_000, () => '03:12:45')).toBe(
      'Has waited 42 s for its upstream, which is down, until 03:12:45.',
    );
    expect(waitSentence({ wait: null }, 0, String)).toBeNull();
  });

  test('CR-5 who was told of a crisis', () => {
    const told = { name: 'on-call', outcome: 'told', calls: 1, atMs: 0, owedAtMs: null };
    expect(toldSentence(told, 0)).toBe('Step 1 (on-call) was told.');
    expect(toldSentence({ ...told, outcome: 'maybeHeard', calls: 3, owedAtMs: 9 }, 1)).toBe(
      'Step 2 (on-call) did not answer in time, and may know, after 3 calls; it is called again.',
    );
  });
});
