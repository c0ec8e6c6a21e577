/**
 * The orders about one thing, as buttons; and, where the page only looks, how to get them.
 *
 * @module
 */

import { useState } from 'preact/hooks';
import { usePage } from '../kit/page.tsx';
import type { Order } from './order.ts';
import { OrderDialog } from './orderDialog.tsx';

/** Where there are none any more, what became of the last one is told all the same. */
export function OrderButtons(props: {
  readonly orders: readonly Order[];
  readonly onDone: () => void;
}) {
  const { orders } = props;
  const canOperate = usePage((page) => page.canOperate);
  const isPast = usePage((page) => page.past !== null);
  const [open, setOpen] = useState<Order | null>(null);
  if (orders.length === 0 && open === null) return null;
  if (canOperate !== true) return <ReadOnlyNote />;
  if (isPast) return <p class="soft">Orders are given in the present: go back to now.</p>;
  return (
    <>
      {orders.length === 0 ? null : (
        <div class="buttons" role="group" aria-label="Orders">
          {orders.map((order) => (
            <button
              type="button"
              key={order.call}
              class={order.isDestroying ? 'danger' : ''}
              onClick={() => {
                setOpen(order);
              }}
            >
              {order.verb}…
            </button>
          ))}
        </div>
      )}
      {open === null ? null : (
        <OrderDialog
          order={open}
          onDone={props.onDone}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
    </>
  );
}

/** How to get orders, where they are not offered. */
export function ReadOnlyNote() {
  const canOperate = usePage((page) => page.canOperate);
  if (canOperate !== false) return null;
  return (
    <p class="soft read-only">
      This page only looks. To give orders here, start it with{' '}
      <code>holdfast inspect --operate</code>.
    </p>
  );
}
