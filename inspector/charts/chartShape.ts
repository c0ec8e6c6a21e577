/**
 * What a chart looks like, as a short text: two builds of the same shape draw the same states and arrows, and number
 * their transitions alike. It runs in a browser too, so it is no hash of `node:crypto`, and proves nothing to anybody.
 *
 * @module
 */

import type { ChartModel } from './chartData.ts';

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
