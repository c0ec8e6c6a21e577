/**
 * The requirements that a chart carries, by state.
 *
 * @module
 */

import { compareIds } from '../../../inspector/charts/chartFaults.ts';
import { type ChartDoc, knownIds } from '../text/chartDoc.ts';
import { code, linkIds, table } from '../text/markdown.ts';
import { stateAnchor } from '../text/names.ts';

export function requirementTable({ model, traces }: ChartDoc): string | null {
  const known = knownIds(traces);
  const ids = [...new Set(model.states.flatMap(({ requirements }) => requirements))].toSorted(
    compareIds,
  );
  const rows = ids.map((id) => {
    const tests = traces.find(({ requirement }) => requirement.id === id)?.tests ?? [];
    return [
      linkIds(id, known),
      model.states
        .filter(({ requirements }) => requirements.includes(id))
        .map(({ path }) => `[${code(path)}](#${stateAnchor(path)})`)
        .join(', '),
      // How many they are is no matter of this page, which would change with each of them.
      tests.length === 0 ? '' : `[its tests](matrix.md#${id.toLowerCase()})`,
    ];
  });
  return rows.length === 0 ? null : table(['Requirement', 'Carried by', 'Proven in'], rows);
}
