/**
 * Draws a chart. Only the documentation does that: laying a chart out takes seconds, so nothing that runs for
 * a user ever does.
 *
 * @module
 */

import type { ChartModel } from '../../inspector/charts/chartModel.ts';
import { chartLayout } from './chartLayout.ts';
import { chartPlan } from './chartPlan.ts';
import { paintSvg } from './paintSvg.ts';

/** The picture of a chart as SVG, the same to the byte every time and on every machine. */
export async function drawChart(model: ChartModel): Promise<string> {
  const plan = chartPlan(model);
  return paintSvg(plan, await chartLayout(plan));
}
