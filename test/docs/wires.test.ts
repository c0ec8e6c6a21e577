import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { notConnected } from '../../actors/platform/wires.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import { assembleOwner } from '../../src/createRuntime.ts';
import { checkOptions } from '../../src/options.ts';

test('OB-3 the table of wires in ARCHITECTURE.md is the one that a runtime is connected by', async () => {
  const options = checkOptions({ store: ':memory:' });
  const ports = { store: createMemoryStore(), isCandidate: false, control: null };
  const { runtime, wires } = assembleOwner(options, ports);
  await runtime.close({ deadlineMs: 0 });
  const rows = wires.map(({ from, event, to }) => `| ${from} | ${event} | ${to} |`);
  const page = readFileSync('docs/ARCHITECTURE.md', 'utf8');
  expect(page).toContain(['| From | Field | To |', '| --- | --- | --- |', ...rows, ''].join('\n'));
});

test('OB-3 a part that tells before it is connected is a defect', () => {
  expect(notConnected).toThrow(expect.objectContaining({ code: 'HF_INTERNAL' }));
});
