import { expect, test } from 'vitest';
import { type ChartModel, chartModel } from '../../../inspector/charts/chartModel.ts';
import { machines } from '../../../machines/index.ts';
import { type ChartPlan, chartPlan } from '../../../tools/draw/chartPlan.ts';
import { chartLayout, layoutFaults } from '../../../tools/draw/drawChart.ts';
import { type Places, stateId } from '../../../tools/draw/geometry.ts';
import { sampleChart } from './sampleChart.ts';

const charts: readonly ChartModel[] = [sampleChart(), ...machines.map((one) => chartModel(one))];

test.each(charts.map((chart) => [chart.id, chart] as const))(
  'OB-3: in the picture of %s nothing is on top of anything, and no line runs through a box',
  async (_, chart) => {
    const plan = chartPlan(chart);
    const places = await chartLayout(plan);
    expect(layoutFaults(places, plan)).toEqual([]);
    for (const { state } of plan.cards) expect(places.boxes.has(stateId(state.path))).toBe(true);
    for (const { id } of plan.links) expect(places.boxes.has(id)).toBe(true);
    // A line to each pill and from it, and one from each dot.
    const dots = plan.cards.filter(({ state }) => state.initial !== null);
    expect(places.lines.size).toBe(plan.links.length * 2 + dots.length);
  },
);

test('OB-3: each transition of a chart is in its picture once', () => {
  for (const chart of charts) {
    const { cards, links } = chartPlan(chart);
    const drawn = [...cards, ...links].flatMap(({ entries }) =>
      entries.map(({ transition }) => transition),
    );
    expect(drawn.toSorted((a, b) => a - b)).toEqual([...chart.transitions.keys()]);
  }
});

test('OB-3: where many lead to the same state, two lines are drawn and the others say where they lead', () => {
  const chart = charts.find(({ id }) => id === 'syncOperation');
  if (chart === undefined) throw new Error('no such chart');
  const { cards, links } = chartPlan(chart);
  const busiest = new Map<string, number>();
  for (const { target } of links) busiest.set(target, (busiest.get(target) ?? 0) + 1);
  expect(Math.max(...busiest.values())).toBeLessThanOrEqual(3);
  const aims = cards.flatMap(({ entries }) =>
    entries.flatMap(({ lines }) => lines.map(({ aim }) => aim?.text)),
  );
  expect(aims.filter((aim) => aim === '→ settling').length).toBeGreaterThan(10);
});

test('OB-3 control: boxes that overlap, lines through boxes and lines on lines are found', async () => {
  const plan = chartPlan(sampleChart());
  const places = await chartLayout(plan);
  expect(faultsWhere(plan, places, () => undefined)).toEqual([]);
  expect(
    faultsWhere(plan, places, ({ boxes }) => {
      const closed = boxes.get(stateId('closed'));
      if (closed !== undefined) boxes.set(stateId('failed'), closed);
    }),
  ).toContain(`${stateId('closed')} and ${stateId('failed')} overlap`);
  const [link] = plan.links;
  const [first, second] = [`${link?.id}:before`, `${link?.id}:after`];
  expect(
    faultsWhere(plan, places, ({ lines, boxes }) => {
      const { x = 0, y = 0, width = 0, height = 0 } = boxes.get(stateId('done')) ?? {};
      lines.set(first, [
        { x: x + width / 2, y: y - 5 },
        { x: x + width / 2, y: y + height + 5 },
      ]);
    }),
  ).toContain(`${first} runs through ${stateId('done')}`);
  expect(
    faultsWhere(plan, places, ({ lines }) => lines.set(second, lines.get(first) ?? [])),
  ).toContain(`${first} lies on ${second}`);
  expect(
    faultsWhere(plan, places, ({ boxes }) => {
      boxes.set(stateId('done'), { x: 0, y: -50, width: 70, height: 20 });
    }),
  ).toContain(`${stateId('done')} is not inside its parent`);
});

/** The faults of the places with something planted in them. */
function faultsWhere(
  plan: ChartPlan,
  { boxes, lines }: Places,
  plant: (places: Places) => unknown,
): readonly string[] {
  const places = { boxes: new Map(boxes), lines: new Map(lines) };
  plant(places);
  return layoutFaults(places, plan);
}
