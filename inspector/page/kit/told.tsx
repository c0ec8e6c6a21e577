/**
 * A text that is read out once after a person has changed something, not each time that a number changes.
 *
 * @module
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { after } from './browser.ts';

/** Longer than the pause between two keys. */
const CALM_MS = 700;

export function Told(props: { readonly text: string; readonly when: unknown }) {
  const { text, when } = props;
  const current = useRef(text);
  current.current = text;
  const isFirst = useRef(true);
  const [told, setTold] = useState('');
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    return after(CALM_MS, () => {
      setTold(current.current);
    });
  }, [when]);
  return (
    <span class="spoken" role="status">
      {told}
    </span>
  );
}
