/** Recording of what a run shows inspectors: it changes nothing in the run, and plays line by line. */

import { expect, test } from 'vitest';
import { applyMessages } from '../../../inspector/page/model/applyMessages.ts';
import { firstState, type PageState } from '../../../inspector/page/model/pageState.ts';
import { drawPlan } from '../../../src/simulator/drawPlan.ts';
import { Recording } from '../../../src/simulator/report/recording.ts';
import { runPlan } from '../../../src/simulator/simulation.ts';

test('SM-2 a recorded run is the same run, and a page sees as much of it as was played', async () => {
  const plan = drawPlan(1, 0.5, '0.0.0');
  const { digest } = await runPlan(plan);
  const recording = new Recording();
  const recorded = await runPlan(
    plan,
    () => false,
    (shown) => {
      if (shown.device === 'phone') recording.record(shown);
    },
  );
  expect(recorded.digest).toBe(digest);

  let page: PageState = firstState(0);
  const stop = recording.watch((messages) => {
    page = applyMessages(page, messages, 0);
  });
  recording.playTo(0);
  const accepted = (): number => page.overview?.operations['accepted'] ?? 0;
  expect(accepted()).toBe(0);
  recording.playTo(recorded.history.length / 2);
  const half = accepted();
  expect(half).toBeGreaterThan(0);
  let late: PageState = firstState(0);
  recording.watch((messages) => {
    late = applyMessages(late, messages, 0);
  });
  expect(late.overview).toEqual(page.overview);
  recording.playTo(recorded.history.length);
  expect(late.overview).toEqual(page.overview);
  expect(page.overview?.atMs).toBeGreaterThan(plan.hours * 3_600_000);
  stop();
  await expect(recording.call()).rejects.toThrow('A recording takes no orders');
});
