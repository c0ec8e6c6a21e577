import { describe, expect, test } from 'vitest';
import {
  type DrillReport,
  drillReport,
  type ScenarioReport,
} from '../../../src/drill/report/drillReport.ts';
import { skippedScenario } from '../../../src/drill/report/judge.ts';
import { reportMarkdown, verdictText } from '../../../src/drill/report/markdown.ts';
import { summaryText } from '../../../src/drill/report/summary.ts';
import { reportSvg } from '../../../src/drill/report/svg.ts';
import { SCENARIOS } from '../../../src/drill/scenarios/list.ts';
import { dueAtMs, goodLedger, goodResult, judged, SCENARIO } from './drillSample.ts';

const machine = {
  holdfast: '1.2.3',
  commit: 'abc123',
  node: 'v20.0.0',
  platform: 'linux x64',
  processors: 2,
  processorModel: 'Some <CPU>',
  startedAtMs: Date.UTC(2026, 10, 26),
  elapsedMs: 61_000,
  load: [0.5, 1.5],
} as const;

function reportOf(scenarios: readonly ScenarioReport[]): DrillReport {
  return drillReport(scenarios, { form: 'short', judging: 'all', plant: null, machine });
}

function lateScenario(): ScenarioReport {
  const result = goodResult();
  result.answeredAtMs[7] = dueAtMs(7) + 12_345;
  return judged({ result, ledger: goodLedger().slice(1) });
}

/** The tags of a text, with those that were opened and not closed. */
function openTags(svg: string): readonly string[] {
  const open: string[] = [];
  for (const [, end, name, alone] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (alone === '/') continue;
    if (end === '/') expect(open.pop()).toBe(name);
    else open.push(name ?? '');
  }
  return open;
}

describe('the reports of the crisis drill', () => {
  test('CR-1 CR-4 one that passes says so, with promise, aim, machine and numbers', () => {
    const report = reportOf([judged()]);
    expect(report).toMatchObject({ verdict: 'PASS', crises: 20, isAimMet: true, late: 0 });
    const text = reportMarkdown(report, 'chart.svg');
    expect(text).toContain('PASS  20 crises: each answered in time, each taken and delivered once');
    expect(text).toContain('under 200 ms');
    expect(text).toContain('within 60 s');
    expect(text).toContain('met in every scenario');
    expect(text).toContain('holdfast 1.2.3 (commit abc123), Node v20.0.0');
    expect(text).toContain('![How long answers took](chart.svg)');
    expect(text).toContain('- Seen: all was well.');
    expect(reportMarkdown(report, null)).not.toContain('![');
    expect(summaryText(report).split('\n').at(-1)).toBe(verdictText(report));
  });

  test('CR-1 CR-4 control: one that fails says which and why, first', () => {
    const report = reportOf([judged(), { ...lateScenario(), name: 'bad' }]);
    expect(report).toMatchObject({ verdict: 'FAIL', late: 1, missing: 1, isAimMet: false });
    expect(verdictText(report)).toBe(
      'FAIL  bad: 1 crisis was answered after 200 ms or more; bad: 1 crisis was not delivered',
    );
    const text = reportMarkdown(report, null);
    expect(text).toContain('missed in bad');
    expect(text).toContain('**1 crisis was not delivered**');
    expect(text).toContain('12,345');
    expect(text).toContain('| own 99.99 % |');
  });

  test('CR-1 the aim is not judged on a machine on which the control missed it as well', () => {
    const slow = lateScenario();
    const text = reportMarkdown(reportOf([slow]), null);
    expect(text).toContain('ms: missed in any scenario.');
    const control = { ...slow.control, p9999Ms: 10 };
    const noisy = reportMarkdown(reportOf([judged(), { ...slow, name: 'bad', control }]), null);
    expect(noisy).toContain('not to be shown on this machine in bad, where the control');
    expect(noisy).toContain('| not shown |');
  });

  test('CR-1 the chart is whole, has a row for each scenario and shows the slowest answer', () => {
    const titled = { ...lateScenario(), title: 'Late <& later' };
    const svg = reportSvg(reportOf([judged(), titled]));
    expect(openTags(svg)).toEqual([]);
    expect(svg).toContain('Late &lt;&amp; later');
    expect(svg.match(/<circle /g)).toHaveLength(2);
    expect(svg).toContain('promise 200 ms');
    expect(svg).toContain('aim 10 ms');
  });

  test('CR-1 what this machine has no means for is left out, said, and fails nothing', () => {
    const [scenario] = SCENARIOS;
    if (scenario === undefined) expect.unreachable();
    const report = reportOf([judged(), skippedScenario(scenario, 'no disk could be filled')]);
    expect(report).toMatchObject({ verdict: 'PASS', isAimMet: true });
    const text = reportMarkdown(report, null);
    expect(text).toContain(`${scenario.title}: SKIPPED`);
    expect(text).toContain('**no disk could be filled**');
    expect(reportSvg(report).match(/<circle /g)).toHaveLength(1);
  });
});

test('CR-1 every fault of which the promise speaks is drilled', () => {
  expect(SCENARIOS.map(({ title }) => title)).toEqual([
    'Idle',
    '1,000 operations in flight',
    '100,000 queued',
    'All breakers open',
    'A breaker that opens, half opens and closes by itself',
    'Offline for a minute, then back',
    'Upstream stalled',
    'Upstream refusing crises only',
    'Look-ups of names that hang',
    'Upstream away, and the chain for more than a minute',
    'Upstream away, and the chain takes notices and says nothing',
    'Acknowledgements that lapse',
    'No descriptor left',
    'Disk stalled for 5 s',
    'Disk full',
    'Store corrupt',
    'Key missing',
    'Start-up with 100,000 to recover',
    'Handler registered late',
    'A backup running',
    'Observers attached',
    'Pages of rows',
    'Batches of facts',
    'Crisis mode on',
    'A hostile record merged meanwhile',
    "Another's idempotency key",
    'Subjects in another spelling',
    'JSON that takes long to read',
    'Garbage collection pressure',
    'Clock set back and forward by a day',
    'Event loop blocked for a second (outside callers)',
  ]);
});

test('CR-1 CR-4 the scenarios have names of their own, and the sample none of them', () => {
  const names = SCENARIOS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).not.toContain(SCENARIO.name);
  for (const { seconds } of SCENARIOS) expect(seconds.short).toBeLessThan(seconds.full);
});
