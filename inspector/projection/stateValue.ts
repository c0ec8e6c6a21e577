/**
 * Makes XState's state value from the paths that the feed has.
 *
 * @module
 */

/** The name of a state, or one for each region. */
export type StateValue = string | { readonly [key: string]: StateValue };

/** `{ delivery: 'waiting', record: 'kept' }` for `['delivery.waiting', 'record.kept']`. */
export function stateValueOf(paths: readonly string[]): StateValue {
  const [only] = paths;
  if (only === undefined) return {};
  if (paths.length === 1 && !only.includes('.')) return only;
  const inside = new Map<string, string[]>();
  for (const path of paths) {
    const at = path.indexOf('.');
    const key = at === -1 ? path : path.slice(0, at);
    const rest = at === -1 ? [] : [path.slice(at + 1)];
    inside.set(key, [...(inside.get(key) ?? []), ...rest]);
  }
  return Object.fromEntries([...inside].map(([key, rest]) => [key, stateValueOf(rest)]));
}
