/**
 * The commands of keys, as a list that the page's help shows, too.
 *
 * @module
 */

/** A command of the page; `go:` opens a view. */
export type Command =
  | 'search'
  | 'down'
  | 'up'
  | 'first'
  | 'last'
  | 'open'
  | 'back'
  | 'time'
  | 'theme'
  | 'help'
  | `go:${string}`;

interface KeyHelp {
  /** The keys in order: `g o` is two keys after each other. */
  readonly keys: string;
  readonly command: Command;
  readonly says: string;
}

export const KEYS: readonly KeyHelp[] = [
  { keys: '/', command: 'search', says: 'Search' },
  { keys: 'j', command: 'down', says: 'Next row' },
  { keys: 'k', command: 'up', says: 'Previous row' },
  { keys: 'Home', command: 'first', says: 'First row' },
  { keys: 'End', command: 'last', says: 'Last row' },
  { keys: 'Enter', command: 'open', says: 'Open the row' },
  { keys: 'Escape', command: 'back', says: 'Close, or leave the search field' },
  { keys: 't', command: 'time', says: 'Travel in time, or back to now' },
  { keys: 'g o', command: 'go:', says: 'Overview' },
  { keys: 'g a', command: 'go:actors', says: 'Actors' },
  { keys: 'g e', command: 'go:crises', says: 'Crises (emergencies)' },
  { keys: 'g w', command: 'go:waiting', says: 'Work that waits for somebody' },
  { keys: 'g d', command: 'go:dead-letters', says: 'Dead letters' },
  { keys: 'g c', command: 'go:conflicts', says: 'Conflicts' },
  { keys: 'g q', command: 'go:quarantine', says: 'Quarantine' },
  { keys: 'g s', command: 'go:charts', says: 'Charts' },
  { keys: 'Shift+T', command: 'theme', says: 'Light, dark, or the system’s choice' },
  { keys: '?', command: 'help', says: 'This list' },
];

/** Keys that mean the same. */
const SAME: Readonly<Record<string, string>> = { ArrowDown: 'j', ArrowUp: 'k', T: 'Shift+T' };
/** Commands that work while somebody types in a field. */
const WHILE_TYPING: readonly Command[] = ['back'];

export interface Pressed {
  readonly key: string;
  /** Pressed with Ctrl, Alt or Meta, which belong to the browser. */
  readonly isWithModifier: boolean;
  /** Whether a field has the focus. */
  readonly isTyping: boolean;
}

/**
 * The command of a key after `before`, the first key of two.
 *
 * @returns the command, or `null`; and the key that the next one may follow
 */
export function commandOf(
  { key, isWithModifier, isTyping }: Pressed,
  before: string,
): { readonly command: Command | null; readonly before: string } {
  if (isWithModifier) return { command: null, before: '' };
  const pressed = SAME[key] ?? key;
  const keys = before === '' ? pressed : `${before} ${pressed}`;
  const found = KEYS.find((entry) => entry.keys === keys);
  if (found !== undefined) {
    const isHeard = !isTyping || WHILE_TYPING.includes(found.command);
    return { command: isHeard ? found.command : null, before: '' };
  }
  const isFirst = !isTyping && KEYS.some((entry) => entry.keys.startsWith(`${keys} `));
  return { command: null, before: isFirst ? keys : '' };
}
