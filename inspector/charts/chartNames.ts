/**
 * What guards and actions are called in a chart's page, picture and diff.
 *
 * @module
 */

/**
 * A guard by its name and its parameters, `isPresentTrouble(kind=full)`, or `not(a)`, `and(a, b)` of such. Where
 * the parameters are made when it is asked, its name alone.
 */
export function guardInWords(guard: unknown): string {
  if (typeof guard === 'object' && guard !== null && 'type' in guard) {
    return `${String(guard.type)}${given('params' in guard ? guard.params : undefined)}`;
  }
  if (typeof guard === 'string') return guard;
  if (typeof guard !== 'function') return 'unnamed';
  if ('guards' in guard && Array.isArray(guard.guards)) {
    return `${guard.name}(${guard.guards.map(guardInWords).join(', ')})`;
  }
  return 'stateValue' in guard ? `in(${JSON.stringify(guard.stateValue)})` : 'unnamed';
}

/** An action by its name. */
export function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  if (typeof action === 'object' && action !== null && 'type' in action) return String(action.type);
  return typeof action === 'function' && action.name !== '' ? action.name : 'unnamed';
}

function given(params: unknown): string {
  if (typeof params !== 'object' || params === null) return '';
  const parts = Object.entries(params).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return parts.length === 0 ? '' : `(${parts.join(', ')})`;
}
