/**
 * A small chart with everything that its documentation needs, for tests that take one thing away.
 *
 * @module
 */

import { type AnyStateMachine, createMachine } from 'xstate';
import { type ChartModel, chartModel, testedHash } from '../../../inspector/charts/chartModel.ts';
import type { DocsInput } from '../../../tools/docs/buildDocs.ts';
import { chartRules } from '../../../tools/docs/text/chartRules.ts';

export const DOOR_PATH = 'machines/door/sampleDoorMachine.ts';

export const DOOR_SOURCE = `/**
 * Keeps a door, in the words of CB-1.
 *
 * - It says {@link sampleDoor}.
 *
 * Requirements: CB-1.
 *
 * @module
 */
export interface SampleDoorContext extends Ajar {
  /** When it last moved. */
  readonly movedAtMs: number;
}
interface Ajar {
  readonly ajarSinceAtMs: number;
}
export type SampleDoorTag =
  /** Nobody is near. */
  | 'resting';
export type SampleDoorEvent =
  /** Somebody leans on it,
   * gently. */
  | { readonly type: 'push.felt'; readonly atMs: number }
  /** It has been open for long. */
  | ({ readonly type: 'close.due' } & Instant);
const doorSetup = setup({
  actors: {
    /** Looks who is there. */
    look: fromPromise(async () => {}),
  },
  guards: {
    /** Nobody has the key. */
    isLocked: () => false,
    /** It is as heavy as that (CB-2). */
    isHeavy: (_, { kilograms }) => kilograms > 9,
  },
  actions: {
    /** Notes that it has moved. */
    noteMove: assign({}),
    /** Says how. */
    say: () => {},
  },
});
export const sampleDoorMachine = doorSetup.createMachine({ id: 'sampleDoor' });
`;

export const DOOR_REQUIREMENTS = `# Requirements
- <a id="cb-1"></a>**CB-1** States \`closed\` and \`open\`. And more.
- <a id="cb-2"></a>**CB-2** Not open for ever.
`;

const CLOSED = {
  description: 'Shut | tight (CB-1).',
  tags: ['resting'],
  meta: { requirements: ['CB-1'], lasts: 'Until somebody leans on it.' },
  on: {
    'push.felt': [
      { guard: 'isLocked', actions: [{ type: 'say', params: { how: 'loud' } }] },
      { guard: { type: 'isHeavy', params: { kilograms: 20 } } },
      { target: 'open', actions: ['noteMove'] },
    ],
  },
};
const OPEN = {
  description: 'Wide.',
  meta: { requirements: ['CB-2'], lasts: 'A minute.' },
  entry: ['noteMove'],
  invoke: { src: 'look', onDone: 'closed' },
  on: { 'close.due': 'closed' },
};

/** The door; `more` is put over its open state. */
export function door(more: Readonly<Record<string, unknown>> = {}): AnyStateMachine {
  const states = { closed: CLOSED, open: { ...OPEN, ...more } };
  const config = {
    id: 'sampleDoor',
    version: '3',
    description: 'Keeps a door.',
    initial: 'closed',
    states,
  };
  return createMachine(config as Parameters<typeof createMachine>[0]);
}

export function doorModel(machine: AnyStateMachine, source: string = DOOR_SOURCE): ChartModel {
  return chartModel(machine, chartRules([{ path: DOOR_PATH, text: source }])('sampleDoor'));
}

/** What a test run writes down that has taken everything; `only` are the reasons why the runtime has not. */
export function coverageOf(
  models: readonly ChartModel[],
  only: readonly { readonly label: string; readonly reason: string }[] = [],
): string {
  const charts = models.map((model) => ({
    machine: model.id,
    hash: testedHash(model),
    transitions: model.transitions.map(({ label }) => ({
      label,
      chartTests: ['test/door.test.ts'],
      runtimeTests: only.some((one) => one.label === label) ? [] : ['test/house.test.ts'],
    })),
  }));
  const onlyByChartTests = only.map((one) => ({ machine: models[0]?.id ?? '', ...one }));
  return JSON.stringify({ format: 1, charts, onlyByChartTests });
}

/** Everything that the door's documentation is made from, and no fault in it. */
export function doorInput({
  machine = door(),
  source = DOOR_SOURCE,
  ...more
}: Partial<DocsInput> & { machine?: AnyStateMachine; source?: string } = {}): DocsInput {
  return {
    machines: [machine],
    requirementsPage: DOOR_REQUIREMENTS,
    code: [{ path: DOOR_PATH, text: source }],
    tests: [{ path: 'test/door.test.ts', text: "test('CB-1, CB-2: the door', () => {" }],
    tours: [
      { path: 'tools/docs/tour/system.md', text: '# Tour\n\n{{charts}}\n' },
      {
        path: 'tools/docs/tour/clinicians.md',
        text: '# Clinicians\n\nIt is {{sampleDoor.open}}.\n',
      },
    ],
    notBuilt: [],
    coverage: coverageOf([doorModel(machine, source)]),
    approvals: null,
    sentences: null,
    stillTrue: [],
    pictures: [],
    textOf: (path) => (path === 'docs/requirements.md' ? DOOR_REQUIREMENTS : 'there'),
    ...more,
  };
}
