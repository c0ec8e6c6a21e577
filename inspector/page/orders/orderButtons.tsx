/**
 * The orders about one item, as buttons; or, on a page that only looks, how to get them.
 *
 * @module
 */

import { usePage } from '../kit/page.tsx';
import type { Order } from './order.ts';
import { useOrderDialog } from './orderHost.tsx';

export function OrderButtons(props: {
  readonly orders: readonly Order[];
  readonly onDone: () => void;
}) {
  const { orders, onDone } = props;
  const canOperate = usePage((page) => page.canOperate);
  const isPast = usePage((page) => page.past !== null);
  const ask = useOrderDialog();
  if (orders.length === 0) return null;
  if (canOperate !== true) return <ReadOnlyNote />;
  if (isPast) return <p class="soft">Orders are given in the present: go back to now.</p>;
  return (
    <div class="buttons" role="group" aria-label="Orders">
      {orders.map((order) => (
        <button
          type="button"
          key={order.call}
          class={order.isDestroying ? 'danger' : ''}
          onClick={() => {
            ask({ order, onDone });
          }}
        >
          {order.verb}…
        </button>
      ))}
    </div>
  );
}

/** Says how to get orders, where they are not offered. */
export function ReadOnlyNote() {
  const canOperate = usePage((page) => page.canOperate);
  if (canOperate !== false) return null;
  return (
    <p class="soft read-only">
      This page is read-only. To give orders here, start it with{' '}
      <code>holdfast inspect --operate</code>.
    </p>
  );
}
