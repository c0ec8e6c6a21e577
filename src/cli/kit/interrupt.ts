/**
 * Handles Ctrl-C.
 *
 * @module
 */

import { EXIT } from './exitCodes.ts';
import type { Output } from './output.ts';

/** Thrown where a person ends the command instead of answering. */
export class Interrupted extends Error {}

/**
 * Calls `stop` at the first Ctrl-C (or SIGTERM). A second one ends the process at once, which loses
 * nothing: what was accepted is on disk. Returns a function that puts the signals back.
 */
export function onInterrupt(output: Output, stop: () => void): () => void {
  let isStopping = false;
  const interrupt = (): void => {
    if (isStopping) {
      output.say('holdfast: stopped at once; nothing that was accepted is lost.');
      process.exit(EXIT.interrupted);
    }
    isStopping = true;
    output.say('holdfast: stopping; Ctrl-C again stops at once.');
    stop();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  };
}
