/**
 * The dialog of an order: what it does, its fields, and its result.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { CallAnswer } from '../../protocol.ts';
import { orderErrorInWords } from '../calls/historyWords.ts';
import { Dialog, useParts } from '../kit/page.tsx';
import { checked, type Field, isConfirmed, type Order, type Said, typedFor } from './order.ts';

/** The progress of an order. A failure leaves the form open, so that it can be corrected. */
type Progress =
  | { readonly kind: 'asked'; readonly error: string | null }
  | { readonly kind: 'working' }
  | { readonly kind: 'done'; readonly said: string };

/** Carries an order out; returns the answer of its call, or of its last piece. */
export type CarryOut = (
  order: Order,
  params: Readonly<Record<string, unknown>>,
) => Promise<CallAnswer>;

/** What a person has entered about themselves, kept until the page is closed. */
const remembered = new Map<string, string>();
/** Fields of all orders that ask for the same thing about the person. */
const SELF: Readonly<Record<string, string>> = { by: 'id', 'by.id': 'id', 'by.role': 'role' };

export function OrderDialog(props: {
  readonly order: Order;
  readonly onClose: () => void;
  /** Called once the order was carried out, so that views read again. */
  readonly onDone: () => void;
  readonly carryOut?: CarryOut;
  /** Shown while the order is carried out. */
  readonly progress?: ComponentChildren;
}) {
  const { order, onClose, onDone } = props;
  const { call } = useParts();
  const [said, setSaid] = useState<Said>(() => firstSaid(order));
  const [typed, setTyped] = useState('');
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({});
  const [progress, setProgress] = useState<Progress>({ kind: 'asked', error: null });
  const carryOut = props.carryOut ?? ((of, params) => call(of.call, params));
  const isWorking = progress.kind === 'working';
  const isDone = progress.kind === 'done';
  const form = useRef<HTMLFormElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  // The element that had the focus is gone then.
  useEffect(() => {
    if (isDone) close.current?.focus();
  }, [isDone]);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [faults]);

  const send = async (): Promise<void> => {
    const { params, faults: found } = checked(order, said);
    setFaults(found ?? {});
    if (params === null || !isConfirmed(order, typed) || isWorking) return;
    for (const [name, value] of Object.entries(said)) {
      const self = SELF[name];
      if (self !== undefined && typeof value === 'string') remembered.set(self, value);
    }
    setProgress({ kind: 'working' });
    const answer = await carryOut(order, params);
    if (!answer.ok) {
      setProgress({ kind: 'asked', error: orderErrorInWords(answer.error) });
      return;
    }
    setProgress({ kind: 'done', said: order.done(answer.result) });
    onDone();
  };

  if (progress.kind === 'done') {
    return (
      <Dialog title={order.verb} onClose={onClose}>
        <p class="outcome" role="status">
          {progress.said}
        </p>
        <p class="buttons">
          <button ref={close} type="button" class="first" onClick={onClose}>
            Close
          </button>
        </p>
      </Dialog>
    );
  }
  return (
    <Dialog title={order.question} onClose={onClose}>
      <form
        ref={form}
        class="order"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p class="about code">{order.about}</p>
        <ul class="says">
          {order.says.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
        {order.fields.map((field) => (
          <FieldRow
            key={field.name}
            field={field}
            value={said[field.name] ?? ''}
            fault={faults[field.name] ?? null}
            onSay={(value) => {
              setSaid({ ...said, [field.name]: value });
            }}
          />
        ))}
        {order.isDestroying ? <Confirmation order={order} typed={typed} onType={setTyped} /> : null}
        <div aria-live="polite">
          {isWorking ? (props.progress ?? <p class="soft">Sent. No answer yet …</p>) : null}
        </div>
        {progress.kind === 'asked' && progress.error !== null ? (
          <p class="failure" role="alert">
            {progress.error}
          </p>
        ) : null}
        <p class="buttons">
          <button type="button" autofocus={order.fields.length === 0} onClick={onClose}>
            {isWorking ? 'Close' : 'Leave it'}
          </button>
          <button
            type="submit"
            class={order.isDestroying ? 'danger' : 'first'}
            aria-disabled={isWorking}
            disabled={!isConfirmed(order, typed)}
          >
            {order.verb}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function firstSaid(order: Order): Said {
  return Object.fromEntries(
    order.fields.map(({ name, kind }) => [
      name,
      kind === 'flag' ? false : (remembered.get(SELF[name] ?? '') ?? ''),
    ]),
  );
}

function Confirmation(props: {
  readonly order: Order;
  readonly typed: string;
  readonly onType: (typed: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>
        Type <code>{typedFor(props.order)}</code> to confirm
      </label>
      <input
        id={id}
        class="code"
        value={props.typed}
        autoComplete="off"
        spellcheck={false}
        onInput={(event) => {
          props.onType(event.currentTarget.value);
        }}
      />
    </div>
  );
}

function FieldRow(props: {
  readonly field: Field;
  readonly value: string | boolean;
  readonly fault: string | null;
  readonly onSay: (value: string | boolean) => void;
}) {
  const { field, value, fault, onSay } = props;
  const id = useId();
  const describedBy = `${id}-help${fault === null ? '' : ` ${id}-fault`}`;
  const shared = {
    id,
    'aria-describedby': describedBy,
    'aria-invalid': fault !== null,
    'aria-required': field.isNeeded,
  };
  const text = String(value);
  return (
    <div class={`field ${field.kind}`}>
      {field.kind === 'flag' ? (
        <input
          {...shared}
          type="checkbox"
          checked={value === true}
          onChange={(event) => {
            onSay(event.currentTarget.checked);
          }}
        />
      ) : null}
      <label for={id}>
        {field.label}
        {field.isNeeded || field.kind === 'flag' ? null : <span class="soft"> (optional)</span>}
      </label>
      {field.kind === 'choice' ? (
        <select
          {...shared}
          value={text}
          onChange={(event) => {
            onSay(event.currentTarget.value);
          }}
        >
          <option value="">Choose …</option>
          {field.options?.map((option) => (
            <option key={option.value} value={String(option.value)}>
              {option.label}
            </option>
          ))}
        </select>
      ) : null}
      {field.kind === 'word' ? (
        <input
          {...shared}
          value={text}
          autoComplete="off"
          onInput={(event) => {
            onSay(event.currentTarget.value);
          }}
        />
      ) : null}
      {field.kind === 'text' ? (
        <textarea
          {...shared}
          rows={2}
          value={text}
          onInput={(event) => {
            onSay(event.currentTarget.value);
          }}
        />
      ) : null}
      <p id={`${id}-help`} class="help">
        {field.help}
      </p>
      {fault === null ? null : (
        <p id={`${id}-fault`} class="failure">
          {fault}
        </p>
      )}
    </div>
  );
}
