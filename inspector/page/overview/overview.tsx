/**
 * The system at a glance: what is wrong and since when, first.
 *
 * @module
 */

import { usePage } from '../kit/page.tsx';
import { Nothing } from '../kit/panel.tsx';

export function Overview() {
  const overview = usePage((page) => page.overview);
  if (overview === null) return <Nothing>Waiting for the first word of the process.</Nothing>;
  return <p>{overview.overall}</p>;
}
