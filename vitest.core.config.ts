import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';

/** Rules of edits and of questions that meet each other over a runtime alone are tried there. */
const CORE = [
  'test/{machines,persistence/sealing}/**/*.test.ts',
  'test/actors/conflict/{oneQuestion,conflictReview,decisionsCarriedOut,seams}.test.ts',
  'test/src/{editsAlone,editRequests,carriedQuestions,patches,rulesVersions}.test.ts',
];

/**
 * The pure core and the sealing alone, under fixed seeds: what the floor of coverage and the mutations are
 * measured with, as long as in `npm run test:long`.
 */
export default defineConfig({
  test: {
    environment: 'node',
    env: { HOLDFAST_LONG: '1' },
    include: CORE,
    setupFiles: [
      'test/support/fixedSeed.ts',
      'machines/merge/entities/entities.ts',
      'test/support/charts/handOverTransitions.ts',
    ],
    globalSetup: [
      'test/support/process/buildOnce.ts',
      'test/support/charts/transitionCoverageReport.ts',
    ],
    testTimeout: 300_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    coverage: {
      provider: 'v8',
      include: ['machines/**/*.ts', 'persistence/sealing/**/*.ts'],
      reportsDirectory: 'node_modules/.cache/coverage',
      exclude: ['test/**'],
      reporter: [['text', { skipFull: true }]],
      // Just below what is measured, so that it can only go up.
      thresholds: {
        'machines/**': { statements: 97, branches: 93, functions: 97, lines: 97 },
        'persistence/sealing/**': { statements: 98, branches: 95, functions: 99, lines: 98 },
      },
    },
  },
});
