/**
 * Says that nothing of the store runs, as long as nobody has let it go, and lets it go.
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
        <strong>The store is held:</strong> it was restored or copied, and nothing of it runs until
        somebody lets it go. Crises are answered.
      </p>
      <OrderButtons orders={ORDERS} onDone={() => undefined} />
    </div>
  );
}
