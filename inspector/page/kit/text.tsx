/**
 * Small texts of every view: how something is, since when, until when.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { agoText, clockText, sinceText } from '../words/news.ts';
import type { Tone } from '../words/tone.ts';
import { after, copy } from './browser.ts';
import { useMoment, useNow } from './page.tsx';

/** A sign for each tone, so that colour is never the only one. */
const SIGNS: Readonly<Record<Tone, string>> = {
  good: '●',
  busy: '◐',
  warn: '▲',
  bad: '■',
  quiet: '○',
};

/** A text with the sign and the colour of its tone. */
export function Mark(props: {
  readonly tone: Tone;
  readonly children: ComponentChildren;
  readonly title?: string;
}) {
  return (
    <span class={`mark ${props.tone}`} title={props.title}>
      <span class="sign" aria-hidden="true">
        {SIGNS[props.tone]}
      </span>
      {props.children}
    </span>
  );
}

/** `4 min 12 s`, which grows; its title has the full time. */
export function Ago(props: { readonly atMs: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(props.atMs).toISOString()} title={clockText(props.atMs)}>
      {agoText(now - props.atMs)}
    </time>
  );
}

/** `4 min 12 s`: the age of a state at the chosen moment. */
export function Stood(props: { readonly atMs: number }) {
  const spanMs = useMoment() - props.atMs;
  return (
    <time dateTime={new Date(props.atMs).toISOString()} title={clockText(props.atMs)}>
      {agoText(spanMs)}
    </time>
  );
}

/** `since 03:12 (4 min 12 s)`. */
export function Since(props: { readonly atMs: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(props.atMs).toISOString()} class="since">
      since {sinceText(props.atMs, now)} ({agoText(now - props.atMs)})
    </time>
  );
}

/** `in 12 s`, which shrinks; `now` from then on. */
export function Until(props: { readonly atMs: number }) {
  const left = props.atMs - useNow();
  return (
    <time dateTime={new Date(props.atMs).toISOString()} title={clockText(props.atMs)}>
      {left < 500 ? 'now' : `in ${agoText(left)}`}
    </time>
  );
}

/** An id in full, with a button that copies it. */
export function Id(props: { readonly id: string }) {
  const { id } = props;
  return (
    <span class="id">
      <code>{id}</code> <CopyButton id={id} />
    </span>
  );
}

/** A button that copies an id. In a list, whose keyboard goes by rows, it is for pointers alone. */
export function CopyButton(props: { readonly id: string; readonly isInList?: boolean }) {
  const [told, setTold] = useState('');
  const { id, isInList = false } = props;
  return (
    <>
      <button
        type="button"
        class="plain copy"
        aria-label={`Copy the id ${id}`}
        tabIndex={isInList ? -1 : undefined}
        onClick={() => {
          void copy(id).then((isDone) => {
            setTold(isDone ? 'copied' : 'this browser does not let it be copied');
          });
        }}
      >
        {isInList && told === 'copied' ? '✓' : 'Copy'}
      </button>{' '}
      <span class={isInList ? 'spoken' : 'soft'} role="status">
        {told}
      </span>
    </>
  );
}

/** Text for screen readers alone. */
export function Spoken(props: { readonly children: ComponentChildren }) {
  return <span class="spoken">{props.children}</span>;
}

/** A key of the keyboard. */
export function Key(props: { readonly children: ComponentChildren }) {
  return <kbd>{props.children}</kbd>;
}

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
