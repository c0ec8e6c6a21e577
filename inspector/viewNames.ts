/**
 * The views of the page by the beginning of their addresses: for the page, and for code that links to it.
 *
 * @module
 */

/** The views of the page, as its addresses have them: `#/crises/ID`; the first is the overview. */
export const VIEW_NAMES = [
  '',
  'actors',
  'crises',
  'waiting',
  'conflicts',
  'dead-letters',
  'quarantine',
  'charts',
] as const;
