/**
 * A part of a view under a heading of its own.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export function Panel(props: {
  readonly title: string;
  /** A count or a link beside the heading. */
  readonly aside?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`panel ${props.class ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.aside === undefined ? null : <div class="aside">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** Names and values in two aligned columns. */
export function Facts(props: { readonly children: ComponentChildren }) {
  return <dl class="facts">{props.children}</dl>;
}

export function Fact(props: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

/** The text of an empty panel. */
export function Nothing(props: { readonly children: ComponentChildren }) {
  return <p class="nothing">{props.children}</p>;
}
