/**
 * Says that a held store runs nothing but crises, with the order to release it.
 *
 * @module
 */

import { usePage } from '../kit/page.tsx';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { RELEASE_STORE } from '../orders/ordersOfService.ts';

const ORDERS = [RELEASE_STORE];

export function HeldNote() {
  const isHeld = usePage((page) => page.overview?.isHeld === true);
  if (!isHeld) return null;
  return (
    <div class="note warn held">
      <p>
        <strong>The store is held:</strong> it was restored or copied, and only crises run until it
        is released.
      </p>
      <OrderButtons orders={ORDERS} onDone={() => undefined} />
    </div>
  );
}
