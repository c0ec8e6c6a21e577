/**
 * The height of an element in the layout.
 *
 * @module
 */

import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

export function useHeight(ref: RefObject<HTMLElement | null>, first: number): number {
  const [height, setHeight] = useState(first);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      setHeight(element.clientHeight);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [ref]);
  return height;
}
