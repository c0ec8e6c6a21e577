/**
 * When a test gives up on what it waits for. How long that takes is no matter of the test, and a busy machine
 * may be ten times as slow as one at rest: the limit only ends what hangs. It is also that of `expect.poll`
 * (vitest.config.ts).
 *
 * @module
 */

/** In milliseconds. */
export const HANGS_AFTER_MS = 120_000;
