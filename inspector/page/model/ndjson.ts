/**
 * Reads lines from a stream of text that may be cut anywhere.
 *
 * @module
 */

/** The server never sends a longer line. */
const LINE_MAX = 64 * 1024 * 1024;

export class Lines {
  #rest = '';

  /**
   * Adds text; returns the lines that are complete.
   *
   * @throws RangeError where a line does not end
   */
  push(text: string): readonly string[] {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    if (this.#rest.length > LINE_MAX) throw new RangeError('a line of the feed does not end');
    return parts.filter((line) => line !== '');
  }
}
