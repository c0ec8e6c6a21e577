/**
 * What an address of the page begins with: for the page, and for whoever makes a link to a place in it.
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
