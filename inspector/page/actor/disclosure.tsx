/**
 * A part of a view that is drawn only once it is opened.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export function Disclosure(props: {
  readonly summary: string;
  readonly children: () => ComponentChildren;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      class="disclosure"
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{props.summary}</summary>
      {isOpen ? props.children() : null}
    </details>
  );
}
