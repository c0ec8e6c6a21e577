import { describe, expect, test } from 'vitest';
import { encodeConflict } from '../../machines/conflict/conflictRecord.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { conflictOf, MERGED_AT_MS } from '../support/merge/conflictOf.ts';

const ANA = { id: 'staff-7', role: 'clinician' };
const note = (text: string) => ({ note: text });

describe('HM-1 CF-6 conflicts in health', () => {
  test('HM-1 CF-6 those of an earlier process are a finding with their number, age and upstream, until they are decided', async () => {
    const world = createWorld();
    const handlers = { 'plans.put': { upstream: 'records', run: () => null } };
    const boot = async () => {
      const process = world.boot({ upstreams: { records: {} }, handlers });
      await world.clock.run(process.runtime.ready);
      await world.clock.advance(1_000);
      return process;
    };
    const first = await boot();
    expect(first.runtime.getHealthStatus()).toMatchObject({
      overall: 'healthy',
      conflicts: {
        count: 0,
        held: 0,
        refused: 0,
        oldestAtMs: null,
        atWork: 0,
        upstreams: {},
        outdated: [],
      },
    });
    await world.clock.run(first.runtime.close());
    const sides = { entity: 'crisis_plan', base: note(''), ours: note('a'), theirs: note('b') };
    const record = conflictOf(sides, { isHeld: false });
    await world.disk.open();
    await world.disk.commit([
      {
        kind: 'keep',
        room: 'conflict',
        key: record.id,
        text: encodeConflict(record),
        isOpen: true,
      },
    ]);
    await world.disk.close();
    const { runtime } = await boot();
    const one = { count: 1, held: 0, refused: 0, oldestAtMs: MERGED_AT_MS };
    const { overall, reasons, conflicts } = runtime.getHealthStatus();
    expect(overall).toBe('degraded');
    expect(reasons).toEqual([
      `1 conflict waits for a person since ${new Date(MERGED_AT_MS).toISOString()} (records: 1); see holdfast conflicts`,
    ]);
    expect(conflicts).toEqual({
      ...one,
      atWork: 0,
      upstreams: { records: one },
      outdated: [],
      untold: 0,
    });
    const choices = { 1: { take: 0 } };
    await world.clock.run(runtime.conflicts.resolve(record.id, { by: ANA, choices }));
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', reasons: [] });
    await world.clock.run(runtime.close());
  });
});
