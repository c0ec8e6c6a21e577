/**
 * The keys of the page.
 *
 * @module
 */

import { Dialog } from './kit/dialog.tsx';
import { Key } from './kit/text.tsx';
import { KEYS } from './model/keymap.ts';

export function Help(props: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={props.onClose}>
      <dl class="keys">
        {KEYS.map(({ keys, says }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <Key key={key}>{key}</Key>
              ))}
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
