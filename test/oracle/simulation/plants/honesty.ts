/**
 * What health, status, counts and reasons of waits get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const HONESTY: readonly Plant[] = [
  {
    name: 'memory-counted-as-queue',
    file: 'actors/engineHealth.ts',
    find: "      turn: pool.standings.count('turn'),",
    replace: '      turn: pool.size,',
    says: 'Health counts what is in memory as all that waits for its turn.',
    finds: /^sums differ: /,
    seedsMax: 6,
  },
  {
    name: 'one-reason-says-healthy',
    file: 'src/views/health.ts',
    find: "    return found.length > 0 ? 'degraded' : 'healthy';",
    replace: "    return found.length > 1 ? 'degraded' : 'healthy';",
    says: 'One thing that is amiss leaves health healthy.',
    finds: /^verdict without reason: /,
    seedsMax: 6,
  },
  {
    name: 'resumed-not-counted-again',
    file: 'actors/pool/waitingWatch.ts',
    find: '      if (isCounted(waitedFor)) this.refresh();',
    replace: '',
    says: 'What goes on is still counted as waiting.',
    finds: /^count untrue: /,
    seedsMax: 6,
  },
  {
    name: 'one-that-waits-is-not-told',
    file: 'src/views/healthFindings.ts',
    find: '    if (count === 0) continue;\n    yield finding({\n      ...{ id, component, params: { count } },',
    replace:
      '    if (count <= 1) continue;\n    yield finding({\n      ...{ id, component, params: { count } },',
    says: 'The only operation that waits for a person is not told of.',
    finds: /^nobody is told: /,
    seedsMax: 6,
  },
  {
    name: 'dead-letters-not-counted-again',
    file: 'actors/pool/waitingWatch.ts',
    find: "      if (ending === 'deadLettered') this.refresh();",
    replace: "      if (ending === 'expired') this.refresh();",
    says: 'A dead letter is counted only once something else is.',
    finds: /^count untrue: deadLettered /,
    seedsMax: 6,
  },
  {
    name: 'wait-shown-as-another',
    file: 'actors/operation/waitView.ts',
    find: "  if (own !== null && own !== 'turn' && !isOver) {\n    return { reason: own, sinceAtMs, untilAtMs: retryAtMs };",
    replace:
      "  if (own !== null && own !== 'turn' && !isOver) {\n    return { reason: own === 'lane' ? 'conflict' : own, sinceAtMs, untilAtMs: retryAtMs };",
    says: 'What waits in its lane is shown as waiting for a decision.',
    finds: /^wait without a true reason: .* says conflict/,
    seedsMax: 6,
  },
];
