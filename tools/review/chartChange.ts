/**
 * One thing that changed of a chart.
 *
 * @module
 */

export interface ChartChange {
  readonly about: 'chart' | 'state' | 'transition' | 'rule';
  readonly what: 'added' | 'removed' | 'renamed' | 'changed';
  /** The state, transition or rule, as it is called now; of what was removed, as it was. */
  readonly name: string;
  readonly sentence: string;
  /** Texts to compare, where the sentence does not hold them. */
  readonly before?: string;
  readonly after?: string;
}
