/**
 * Whether the page is narrow, as a phone is.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks';

/** The same query as in the style sheet. */
const NARROW = '(max-width: 760px)';

export function useIsNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const look = (): void => {
      setNarrow(query.matches);
    };
    query.addEventListener('change', look);
    return () => {
      query.removeEventListener('change', look);
    };
  }, []);
  return isNarrow;
}
