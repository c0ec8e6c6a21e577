/**
 * Lines out of a stream of text that is cut anywhere.
 *
 * @module
 */

/** A line that is longer is no line of ours. */
const LINE_MAX = 64 * 1024 * 1024;

export class Lines {
  #rest = '';

  /**
   * The whole lines that are there now.
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
