import { expect, test } from 'vitest';
import { type ChartModel, chartShape } from '../../../inspector/charts/chartData.ts';
import { chartModel } from '../../../inspector/charts/chartModel.ts';
import { toldCharts } from '../../../inspector/projection/chartDefinition.ts';
import { machines } from '../../../machines/index.ts';

/** A chart as the page of a build has it. */
const written = (id: string) => {
  const machine = machines.find((one) => one.id === id);
  if (machine === undefined) throw new Error(`no chart ${id}`);
  return JSON.parse(JSON.stringify(chartModel(machine))) as ChartModel;
};

test('OB-1 a process tells the shapes that the page of its build works out from its own charts', () => {
  const told = toldCharts(machines);
  expect(told.map(({ shape }) => shape)).toEqual(machines.map(({ id }) => chartShape(written(id))));
  expect(new Set(told.map(({ shape }) => shape)).size).toBe(machines.length);
});

test('OB-1 a chart that leads elsewhere, or asks another guard, has another shape; its sentences have none', () => {
  const chart = written('circuitBreaker');
  const { transitions } = chart;
  const [first, ...more] = transitions;
  if (first === undefined) throw new Error('no transition');
  const shapes = [
    chart,
    { ...chart, transitions: [{ ...first, guard: 'isOther' }, ...more] },
    { ...chart, transitions: [{ ...first, targets: ['elsewhere'] }, ...more] },
    { ...chart, transitions: [...more, first] },
  ].map(chartShape);
  expect(new Set(shapes).size).toBe(4);
  expect(
    chartShape({ ...chart, states: chart.states.map((one) => ({ ...one, description: '' })) }),
  ).toBe(shapes[0]);
});
