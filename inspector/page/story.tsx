/**
 * The notes of the command that shows the page: the last one, and the others when opened.
 *
 * @module
 */

import { usePage } from './kit/page.tsx';
import { clockText } from './words/time.ts';

export function Story() {
  const notes = usePage((page) => page.notes);
  const last = notes.at(-1);
  if (last === undefined) return null;
  const before = notes.slice(0, -1).toReversed();
  return (
    <section class={`note story ${last.tone}`} aria-label="What happens">
      <p role="status">
        <time>{clockText(last.atMs)}</time> {last.text}
      </p>
      {before.length === 0 ? null : (
        <details>
          <summary>Earlier</summary>
          <ul>
            {before.map(({ serial, atMs, text }) => (
              <li key={serial}>
                <time>{clockText(atMs)}</time> {text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
