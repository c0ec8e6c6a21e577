/**
 * Law L17: devices that gossip through loss, repetition, disorder and crashes come to the same bytes, and nothing of
 * what was accepted is lost; with controls. Longer: `HOLDFAST_SEED=1 npm run test:gossip`.
 */

import { describe, expect, test } from 'vitest';
import type { Run } from '../../../actors/port.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import { crisisPlan } from '../../../machines/merge/entities/crisisPlan.ts';
import { moodEntry } from '../../../machines/merge/entities/moodEntry.ts';
import { preferences } from '../../../machines/merge/entities/preferences.ts';
import { type GossipPlan, gossip } from './gossip.ts';

const RUNS = Number(process.env['HOLDFAST_GOSSIPS'] ?? 2);
const FIRST_SEED = Number(process.env['HOLDFAST_SEED'] ?? 1);
const SIZE = { devices: 3, steps: 60 };

describe('several stores, one upstream, and everything that can happen between them', () => {
  test('CF-1 CF-6 whatever happens between them, all come to the same bytes, and nothing is lost', async () => {
    let crashes = 0;
    let refused = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
      const report = await gossip({ seed, ...SIZE });
      expect(report.breaches, `HOLDFAST_SEED=${seed} HOLDFAST_GOSSIPS=1`).toEqual([]);
      crashes += report.crashes;
      refused += report.refused;
    }
    // Devices must have crashed and writes been refused, or the runs prove nothing.
    expect(crashes).toBeGreaterThanOrEqual(RUNS);
    expect(refused).toBeGreaterThan(5 * RUNS);
  }, 1_800_000);

  test('CF-5 CF-7 nor with clocks that are decades off', async () => {
    const year = 365 * 86_400_000;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + Math.ceil(RUNS / 2); seed += 1) {
      const clocks = [0, -30 * year, 30 * year];
      const report = await gossip({ seed, ...SIZE, clocks });
      expect(report.breaches, `HOLDFAST_SEED=${seed} HOLDFAST_GOSSIPS=1`).toEqual([]);
    }
  }, 1_800_000);

  /** Lists the kinds of breaches in the first run in which a planted bug shows. */
  const kindsFound = async (bug: Partial<GossipPlan>): Promise<readonly string[]> => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const { breaches } = await gossip({ seed, ...SIZE, convergedMsMax: 4_000, ...bug });
      if (breaches.length > 0) return breaches.map((breach) => breach.split(':')[0] ?? '');
    }
    return [];
  };

  test('CF-6 control: a handler that refetches and lets the last writer win is caught', async () => {
    const lastWriterWins: GossipPlan['sabotage'] = ({ run, ...handler }) => {
      const overwrite: Run = async (attempt) => {
        const current = await run.fetchCurrent?.(attempt);
        const version = current?.version ?? null;
        const condition = version === null ? undefined : { version };
        return await run(Object.create(attempt, { condition: { value: condition } }));
      };
      return { ...handler, run: Object.assign(overwrite, { fetchCurrent: run.fetchCurrent }) };
    };
    expect(await kindsFound({ sabotage: lastWriterWins })).toContain('lost');
  });

  test('CF-6 control: an upstream that takes whatever comes is caught', async () => {
    expect(await kindsFound({ ignoresVersions: true })).toContain('lost');
  });

  test('CF-6 control: merges that ignore the common ancestor are caught', async () => {
    const withoutAncestor = (rules: EntityRules): EntityRules => ({
      ...rules,
      fields: {
        ...rules.fields,
        note: (_base, side, notes) => {
          rules.fields.note(undefined, side, notes);
        },
        project: (_base, node, ruling) => rules.fields.project(undefined, node, ruling),
      },
    });
    const entities = [crisisPlan, moodEntry, preferences].map(withoutAncestor);
    expect(await kindsFound({ entities })).toEqual(
      expect.arrayContaining([expect.stringMatching(/doubled|risen|lost/)]),
    );
  });
});
