/**
 * A dialog above the page: the browser's own, which keeps the focus inside, closes by Escape and gives the
 * focus back.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const isThere = useRef(true);
  useEffect(() => {
    const element = dialog.current;
    isThere.current = true;
    element?.showModal();
    // The first field gets the focus, not the way out.
    element?.querySelector<HTMLElement>('form :is(input, select, textarea)')?.focus();
    return () => {
      // Its close event comes later, when another dialog may have replaced it.
      isThere.current = false;
      element?.close();
      // The element that it was opened from may be gone.
      if (document.activeElement === document.body) {
        document.getElementById('main')?.focus({ preventScroll: true });
      }
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={() => {
        if (isThere.current) props.onClose();
      }}
    >
      <header>
        <h2 id={id}>{props.title}</h2>
        <button type="button" class="plain" aria-label="Close" onClick={props.onClose}>
          ✕
        </button>
      </header>
      {props.children}
    </dialog>
  );
}
