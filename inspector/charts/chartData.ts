/**
 * A chart as plain data: what its pages, its drawing, its diff, its approval and the inspector's page are made
 * from, and what docs/machines/<id>.json holds. Shapes only, for the page has no Node.
 *
 * @module
 */

/** A chart. Its `hash` is that of everything else here. */
export interface ChartModel {
  readonly id: string;
  readonly version: string | null;
  /** `sha256:…`: what an approval approves. */
  readonly hash: string;
  /** What it is, in one sentence. */
  readonly purpose: string;
  /** In document order, the root first. */
  readonly states: readonly StateModel[];
  /** In the order of `allTransitions`; a step of the inspector names them by their index. */
  readonly transitions: readonly TransitionModel[];
  /** What its guards and actions are: the names of its setup, then the functions that these use. */
  readonly rules: readonly RuleModel[];
}

export interface StateModel {
  /** `''` for the root, else its keys joined by dots. */
  readonly path: string;
  readonly name: string;
  /** `null` for the root. */
  readonly parent: string | null;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history' | 'deepHistory';
  /** Path of its initial state; `null` for a state without children, or with parallel ones. */
  readonly initial: string | null;
  readonly description: string;
  readonly tags: readonly string[];
  readonly requirements: readonly string[];
  /** How long an actor stays in it at most, and what ends that; `null` where the state does not say. */
  readonly lasts: string | null;
  /** The way that it usually takes, as `StateMeta` has it; absent where it says nothing of that. */
  readonly usualPath?: readonly string[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** Names of what runs while it is active. */
  readonly invokes: readonly string[];
}

export interface TransitionModel {
  /** The text of `transitionLabel`, unique in its chart. */
  readonly label: string;
  readonly source: string;
  /** The type of the event; `''` for a transition that is taken at once. */
  readonly event: string;
  /** Name and parameters of its guard, `not(isCrisis)`, `isPresentTrouble(kind=full)`; `null` for none. */
  readonly guard: string | null;
  readonly actions: readonly string[];
  /** Paths of the target states; none where the actor stays. */
  readonly targets: readonly string[];
  /** Whether a transition to its own state leaves it and enters it again. */
  readonly reenters: boolean;
}

/** One rule: its text without comments, types and line breaks, and what it means. */
export interface RuleModel {
  readonly name: string;
  /**
   * `function` for what guards and actions use, wherever in machines/ it is; `given` for how the transitions
   * make what they hand to guards and actions, and for what a chart begins with.
   */
  readonly kind: 'guard' | 'action' | 'delay' | 'function' | 'given';
  readonly text: string;
  /** What it decides or does, in one sentence, as its comment says it; `''` for what no comment explains to readers. */
  readonly means: string;
  /** Names of the functions and constants that it uses itself. */
  readonly uses: readonly string[];
}

// What a chart looks like, as a short text: two builds of the same shape draw the same states and arrows, and number
// their transitions alike. It runs in a browser too, so it is no hash of `node:crypto`, and proves nothing to anybody.

const shapes = new WeakMap<object, string>();

/** Sixteen hexadecimal digits, computed once a chart. */
export function chartShape(model: Pick<ChartModel, 'states' | 'transitions'>): string {
  const known = shapes.get(model);
  if (known !== undefined) return known;
  const shape = digitsOf(
    JSON.stringify([
      model.states.map(({ path, kind, initial, entry, exit, invokes }) => [
        ...[path, kind, initial, entry, exit, invokes],
      ]),
      model.transitions.map(({ source, event, guard, actions, targets, reenters }) => [
        ...[source, event, guard, actions, targets, reenters],
      ]),
    ]),
  );
  shapes.set(model, shape);
  return shape;
}

/** Two 32-bit FNV-1a hashes, one from each end of the text. */
function digitsOf(text: string): string {
  let [forwards, backwards] = [0x81_1c_9d_c5, 0x81_1c_9d_c5];
  for (let at = 0; at < text.length; at += 1) {
    forwards = Math.imul(forwards ^ text.charCodeAt(at), 0x01_00_01_93);
    backwards = Math.imul(backwards ^ text.charCodeAt(text.length - 1 - at), 0x01_00_01_93);
  }
  return [forwards, backwards].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

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
