/**
 * What a chart's states say of themselves beside their description.
 *
 * @module
 */

export interface StateMeta {
  /** Ids of the requirements that the state carries. */
  readonly requirements: readonly string[];
  /**
   * How long one can stay in it at most, and what ends it: a sentence or two for those who read no code. Of a state
   * that holds others, it is that of each which says nothing itself. An ending has none.
   */
  readonly lasts?: string;
  /**
   * The way that a chart or a region usually takes, which is drawn so that one sees it: innermost states by their own
   * names, and between two of them the event that leads from one to the other.
   */
  readonly usualPath?: readonly string[];
}
