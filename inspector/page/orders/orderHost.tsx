/**
 * The host of the dialog of an order, beside every view, so that the dialog and the result stay until they are
 * closed, whatever happens to the views meanwhile.
 *
 * @module
 */

import { type ComponentChildren, createContext } from 'preact';
import { useContext, useState } from 'preact/hooks';
import type { Order } from './order.ts';
import { OrderDialog } from './orderDialog.tsx';

/** An order that somebody is about to give. */
interface Asked {
  readonly order: Order;
  /** Called once the order was carried out, so that views read again. */
  readonly onDone: () => void;
}

const Ask = createContext<((asked: Asked) => void) | null>(null);

/** Opens the dialog of an order. */
export function useOrderDialog(): (asked: Asked) => void {
  const ask = useContext(Ask);
  if (ask === null) throw new Error('there is no OrderHost around this component');
  return ask;
}

export function OrderHost({ children }: { readonly children: ComponentChildren }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  return (
    <Ask.Provider value={setAsked}>
      {children}
      {asked === null ? null : (
        <OrderDialog
          order={asked.order}
          onDone={asked.onDone}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </Ask.Provider>
  );
}
