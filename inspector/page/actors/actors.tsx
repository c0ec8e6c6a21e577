/**
 * Every actor that lives.
 *
 * @module
 */

import { usePage } from '../kit/page.tsx';

export function Actors() {
  const actors = usePage((page) => page.actors);
  return <p>{actors.size}</p>;
}
