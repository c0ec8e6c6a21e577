/**
 * Whether the hazard log is whole: each hazard has all fields, in their order, and evidence that is there. What
 * its links lead to is looked at with all other links.
 *
 * @module
 */

import type { SourceFile } from '../text/requirements.ts';
import { type Evidence, partFaults } from './heldFaults.ts';

const FIELDS = [
  'Cause',
  'Effect',
  'Initial risk',
  'Control',
  'Evidence',
  'Residual risk',
  'Owner',
] as const;
const RISKS: readonly string[] = ['Initial risk', 'Residual risk'];
const RISK =
  /^(Minor|Significant|Considerable|Major|Catastrophic), (very low|low|medium|high|very high)(: .+)?$/;
const HAZARD = /^### (H\d+) · (.+)$/gm;
const FIELD = /^\| ([A-Z][a-z ]+) \| (.*) \|$/gm;

export function hazardFaults({ path, text }: SourceFile, evidence: Evidence): readonly string[] {
  const starts = [...text.matchAll(HAZARD)];
  if (starts.length === 0) return [`${path} holds no hazard`];
  return starts.flatMap((start, index) => {
    const [, id = ''] = start;
    const section = text.slice(start.index, starts[index + 1]?.index);
    const fields = [...section.matchAll(FIELD)].map(
      ([, name = '', value = '']) => [name, value.trim()] as const,
    );
    return [
      ...(id === `H${index + 1}` ? [] : [`${id} stands where H${index + 1} should`]),
      ...(fields.map(([name]) => name).join() === FIELDS.join()
        ? []
        : [
            `${id} has the fields ${fields.map(([name]) => name).join(', ')}; it needs ${FIELDS.join(', ')}`,
          ]),
      ...fields.flatMap(([name, value]) => valueFaults(id, name, value, evidence)),
    ].map((fault) => `${path}: ${fault}`);
  });
}

function valueFaults(
  id: string,
  name: string,
  value: string,
  evidence: Evidence,
): readonly string[] {
  if (value === '') return [`${id} says nothing under ${name}`];
  if (RISKS.includes(name) && !RISK.test(value)) {
    return [`${id}: ${name} is “<severity>, <likelihood>”, and not “${value}”`];
  }
  if (name !== 'Evidence') return [];
  const rows = [...value.matchAll(/`(drill: [a-z-]+)`/g)].map(([, row = '']) => row);
  const isProven = rows.length > 0 || /\]\([^)]+\.test\.ts\)/.test(value);
  return [
    ...(isProven ? [] : [`${id} names no test and no row of the drill as evidence`]),
    ...rows.flatMap((row) => partFaults(row, evidence)).map((fault) => `${id}: ${fault}`),
  ];
}
