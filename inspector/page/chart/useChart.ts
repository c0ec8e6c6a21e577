/**
 * The charts that the page was built with: each is fetched once, when it is first opened.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks';
import type { ChartModel } from '../../charts/chartData.ts';

export interface Chart {
  readonly model: ChartModel;
  /** The drawing, to be copied into the page; `null` where there is none. */
  readonly drawing: SVGSVGElement | null;
}

export type Fetched =
  | { readonly kind: 'coming' }
  | { readonly kind: 'here'; readonly chart: Chart }
  /** The page has no chart of that name. */
  | { readonly kind: 'unknown' };

const COMING: Fetched = { kind: 'coming' };
const asked = new Map<string, Promise<Fetched>>();

async function fetchChart(machine: string): Promise<Fetched> {
  const path = `/charts/${encodeURIComponent(machine)}`;
  try {
    const [told, drawn] = await Promise.all([fetch(`${path}.json`), fetch(`${path}.svg`)]);
    if (!told.ok) return { kind: 'unknown' };
    const model = (await told.json()) as ChartModel;
    return { kind: 'here', chart: { model, drawing: drawn.ok ? read(await drawn.text()) : null } };
  } catch {
    // It is fetched again when it is opened again.
    asked.delete(machine);
    return { kind: 'unknown' };
  }
}

function read(text: string): SVGSVGElement | null {
  const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  return root instanceof SVGSVGElement ? root : null;
}

export function useChart(machine: string | null): Fetched {
  const [fetched, setFetched] = useState<{ machine: string | null; is: Fetched }>({
    ...{ machine, is: COMING },
  });
  useEffect(() => {
    if (machine === null) return;
    let isWanted = true;
    const coming = asked.get(machine) ?? fetchChart(machine);
    asked.set(machine, coming);
    void coming.then((is) => {
      if (isWanted) setFetched({ machine, is });
    });
    return () => {
      isWanted = false;
    };
  }, [machine]);
  return fetched.machine === machine ? fetched.is : COMING;
}
