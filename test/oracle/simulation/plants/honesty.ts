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
    find: "      turn: waiting.inLineFor('turn'),",
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
    file: 'actors/pool/waitingCounts.ts',
    find: "const UNCOUNTED: ReadonlySet<Write['kind']> = new Set([\n",
    replace: "const UNCOUNTED: ReadonlySet<Write['kind']> = new Set([\n  'update',\n",
    says: 'What goes on is still counted as waiting, until something else is accepted.',
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
    file: 'actors/pool/waitingCounts.ts',
    find: '    this.#deadLetters = deadLettered;',
    replace: '    this.#deadLetters ||= deadLettered;',
    says: 'The number of dead letters stays the first that was read.',
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
  {
    name: 'notes-as-reasons',
    file: 'src/views/health.ts',
    find: '    reasons: amiss.map(({ reason }) => reason),',
    replace: '    reasons: findings.map(({ reason }) => reason),',
    says: 'A healthy runtime gives reasons for its bad health.',
    finds: /^verdict without reason: /,
    seedsMax: 6,
  },
  {
    name: 'lane-counted-as-turn',
    file: 'actors/engineHealth.ts',
    find: "      inLane: waiting.inLineFor('lane'),",
    replace: "      inLane: waiting.inLineFor('turn'),",
    says: 'What waits for its turn is counted as waiting in lanes, too.',
    finds: /^sums differ: inLane /,
    seedsMax: 6,
  },
  {
    name: 'lanes-alone-not-listed',
    file: 'actors/waitingWork.ts',
    find: '.filter(({ turn, inLane }) => turn + inLane > 0);',
    replace: '.filter(({ turn }) => turn > 0);',
    says: 'An upstream of which all work waits in lanes is not in the queue that health shows.',
    finds: /^sums differ: inLane /,
    seedsMax: 6,
  },
  {
    name: 'conflicts-counted-as-reviews',
    file: 'actors/engineHealth.ts',
    find: '      conflicted: conflict,\n      inReview: review,',
    replace: '      conflicted: review,\n      inReview: conflict,',
    says: 'Conflicts are counted as reviews, and reviews as conflicts.',
    finds: /^count untrue: conflicted /,
    seedsMax: 6,
  },
  {
    name: 'storage-judged-by-performance',
    file: 'src/views/health.ts',
    find: "      storage: worst('storage'),",
    replace: "      storage: worst('performance'),",
    says: 'Storage is healthy, whatever is wrong with the disk.',
    finds: /^verdict without reason: /,
    seedsMax: 6,
  },
  {
    name: 'one-reason-costs-nothing',
    file: 'src/views/health.ts',
    find: '    score: Math.max(0, 100 - amiss.reduce((sum, { costs }) => sum + costs, 0)),',
    replace:
      '    score: Math.max(0, 100 - amiss.slice(1).reduce((sum, { costs }) => sum + costs, 0)),',
    says: 'The first thing that is amiss costs nothing of the score.',
    finds: /^verdict without reason: /,
    seedsMax: 6,
  },
  {
    name: 'review-shown-as-conflict',
    file: 'actors/operation/waitView.ts',
    find: '    return { reason: own, sinceAtMs, untilAtMs: retryAtMs };',
    replace:
      "    return { reason: own === 'review' ? 'conflict' : own, sinceAtMs, untilAtMs: retryAtMs };",
    says: 'What waits for a review is shown as a conflict.',
    finds: /^wait without a true reason: .* says conflict/,
    seedsMax: 6,
  },
  {
    name: 'lane-waits-say-nothing',
    file: 'actors/operation/waitView.ts',
    find: "  if (own !== null && own !== 'turn' && !isOver) {\n",
    replace:
      "  if (own === 'lane') return null;\n  if (own !== null && own !== 'turn' && !isOver) {\n",
    says: 'What waits in its lane shows no reason for that.',
    finds: /^wait without a true reason: .* says none/,
    seedsMax: 6,
  },
  {
    name: 'nothing-is-critical',
    file: 'src/views/health.ts',
    find: "    if (found.some((finding) => finding.health === 'critical')) return 'critical';\n",
    replace: '',
    says: 'Health is never worse than degraded.',
    finds: /^verdict without reason: /,
    seedsMax: 6,
  },
  {
    name: 'queue-of-the-first-rank',
    file: 'actors/waitingWork.ts',
    find: '    return [...ranks]\n',
    replace: '    return [...ranks].slice(0, 1)\n',
    says: 'Of the work that waits at an upstream only one rank is listed.',
    finds: /^sums differ: turn /,
    seedsMax: 6,
  },
];
