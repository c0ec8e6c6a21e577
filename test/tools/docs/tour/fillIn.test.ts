import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildDocs } from '../../../../tools/docs/buildDocs.ts';
import { door, doorInput } from '../../../support/docs/doorDocs.ts';

/** The tour for clinicians with this text, and what is wrong with it. */
function tour(text: string, machine = door()) {
  const [system] = doorInput().tours;
  const tours = [
    ...(system === undefined ? [] : [system]),
    { path: 'tools/docs/tour/clinicians.md', text: `# Tour\n\n${text}` },
  ];
  const { pages, faults } = buildDocs(doorInput({ machine, tours }));
  const page = pages.find(({ path }) => path === 'docs/machines/clinicians.md');
  return { text: page?.text.split('\n').slice(4).join('\n'), faults };
}

test('OB-3 names in braces are links to machines and states, capital where they begin a sentence', () => {
  expect(
    tour(
      '{{sampleDoor}} is {{sampleDoor.open}} (CB-1). {{sampleDoor.closed}} {{sampleDoor.open|in short}}',
    ),
  ).toEqual({
    text: '[Sample door](sampleDoor.md) is [open](sampleDoor.md#state-open) ([CB-1](../requirements.md#cb-1)). [Closed](sampleDoor.md#state-closed) [in short](sampleDoor.md#state-open)',
    faults: [],
  });
});

test('OB-3 a chart that is drawn stands in a tour as a small picture that leads to its page', () => {
  const [system] = doorInput().tours;
  const text = `# Tour\n\n{{picture sampleDoor}}\n`;
  const tours = [{ path: system?.path ?? '', text }, ...doorInput().tours.slice(1)];
  const pictures = [{ path: 'docs/machines/sampleDoor.svg', text: '<svg/>' }];
  const { pages, faults } = buildDocs(doorInput({ tours, pictures }));
  expect(faults).toEqual([]);
  expect(pages[0]?.text).toContain(
    '<a href="sampleDoor.md"><img src="sampleDoor.svg" width="480" alt="The chart of sample door. Keeps a door."></a>',
  );
});

test('OB-3 a name that is no machine or no state any more is a fault', () => {
  expect(tour('{{sampleGate}} {{sampleDoor.ajar}}').faults).toEqual([
    'tools/docs/tour/clinicians.md: there is no machine sampleGate; it has {{sampleGate}}',
    'tools/docs/tour/clinicians.md: the chart sampleDoor has no state ajar; it has {{sampleDoor.ajar}}',
  ]);
});

test('OB-3 a table has each state with its meaning, what it is for a person, and how long it lasts', () => {
  const text = '{{states sampleDoor\nclosed: They wait: outside.\nopen: They are in.\n}}';
  expect(tour(text)).toEqual({
    text: [
      '| State | What it means | What it is for a person | How long at most |',
      '| --- | --- | --- | --- |',
      '| [Closed](sampleDoor.md#state-closed) | Shut \\| tight ([CB-1](../requirements.md#cb-1)). | They wait: outside. | Until somebody leans on it. |',
      '| [Open](sampleDoor.md#state-open) | Wide. | They are in. | A minute. |',
    ].join('\n'),
    faults: [],
  });
});

test('OB-3 a state that a table leaves out, and one that is not there, are faults', () => {
  expect(tour('{{states sampleDoor\nclosed: They wait.\najar: A draught.\n}}').faults).toEqual([
    'tools/docs/tour/clinicians.md: it says nothing of sampleDoor.open',
    'tools/docs/tour/clinicians.md: the chart sampleDoor has no state ajar; it says something of that',
  ]);
});

test('OB-3 every chart that touches a person is in the tour for clinicians, state by state', () => {
  const words = readFileSync('tools/docs/tour/clinicians.md', 'utf8');
  const tables = [...words.matchAll(/\{\{states (\S+)/g)].map(([, name = '']) => name);
  expect(tables).toEqual([
    'crisis.delivery',
    'crisis.escalation',
    'crisis.record',
    'crisisMode',
    'syncOperation',
    'conflict',
    'degradation',
  ]);
});
