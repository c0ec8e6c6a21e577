/**
 * A crisis that a process left undelivered, on a store on disk: whatever ended the process, however the clock
 * was set meanwhile, and whenever its handler comes, the next one delivers it (CR-4, RT-4, OP-7, SV-4).
 *
 * @module
 */

import { cpSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Attempt, Handler } from '../../actors/operation/handler.ts';
import type { Fact } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { inThreadStore } from '../persistence/contract/storeUnderTest.ts';
import { createWorldOnFile } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const DAY_MS = 86_400_000;
const UPSTREAMS: RuntimeOptions['upstreams'] = { care: {}, nights: {} };

const LEFT = {
  waiting: () => {
    throw transientFailure('Down.', { status: 500 });
  },
  attempting: async () => await new Promise<never>(() => undefined),
} as const satisfies Record<string, Handler['run']>;

interface Case {
  readonly left: keyof typeof LEFT;
  readonly ended: 'killed' | 'closed';
  readonly clockSetByMs: number;
  readonly handler: 'at once' | 'late' | 'late, at another upstream';
}

const CASES: readonly Case[] = (['waiting', 'attempting'] as const).flatMap((left) =>
  (['killed', 'closed'] as const).flatMap((ended) =>
    [-DAY_MS, 0, DAY_MS].flatMap((clockSetByMs) =>
      (['at once', 'late', 'late, at another upstream'] as const).map((handler) => ({
        left,
        ended,
        clockSetByMs,
        handler,
      })),
    ),
  ),
);

describe('CR-4 RT-4 OP-7 SV-4 on a store on disk', () => {
  test.each(CASES)(
    'CR-4 RT-4 left $left by a process that was $ended, the clock set by $clockSetByMs ms, its handler registered $handler',
    async ({ left: state, ended, clockSetByMs, handler }) => {
      const folder = tempFolder();
      // By this seed the second attempt comes after the 50 ms below.
      const before = createWorldOnFile(2, inThreadStore(folder));
      const first = before.boot({
        upstreams: UPSTREAMS,
        handlers: { 'crisis.alert': { upstream: 'care', run: LEFT[state] } },
      });
      await before.clock.run(first.runtime.ready);
      const { durable, operationId } = await first.runtime.crisis({ subject: 'user-42' });
      await before.clock.run(durable);
      await before.clock.advance(50);
      const left = tempFolder();
      if (ended === 'killed') first.kill();
      else await before.clock.run(first.runtime.close({ deadlineMs: 10 }));
      // What a kill leaves: the files as they are, owned by nobody.
      cpSync(folder, left, { recursive: true });
      const { clock, boot } = createWorldOnFile(1, inThreadStore(left));
      clock.setWall(clockSetByMs);

      const attempts: Attempt[] = [];
      const next: Handler = {
        upstream: handler === 'late, at another upstream' ? 'nights' : 'care',
        run: (attempt) => {
          attempts.push(attempt);
          return null;
        },
      };
      const handlers = handler === 'at once' ? { 'crisis.alert': next } : {};
      const facts: Fact[] = [];
      const { runtime } = boot({ upstreams: UPSTREAMS, handlers });
      runtime.subscribe((fact) => facts.push(fact));
      await clock.run(runtime.ready);
      // A copy starts nothing by itself.
      await clock.run(runtime.release());
      if (handler !== 'at once') {
        // However long that takes.
        await clock.advance(7_200_000);
        expect(attempts).toEqual([]);
        await clock.run(runtime.handle('crisis.alert', next));
      }
      await clock.advance(60_000);
      expect(attempts.map((attempt) => attempt.operationId)).toEqual([operationId]);
      // A first failure is written, and what was cut off is no attempt of its own.
      expect(attempts[0]?.number).toBe(state === 'waiting' ? 2 : 1);
      const suspected = facts.filter(({ kind }) => kind === 'operation.suspected');
      expect(suspected).toHaveLength(state === 'attempting' && ended === 'killed' ? 1 : 0);
      await clock.run(runtime.close());
    },
  );
});
