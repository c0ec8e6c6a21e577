/**
 * Which version of a chart a page shows, and who has approved it (OB-4).
 *
 * @module
 */

import type { ChartDoc } from '../text/chartDoc.ts';
import { asWritten, code, table } from '../text/markdown.ts';

/** The source, version and hash; and each approval, with whether it is of this version. */
export function approvalLines({ model, path, approvals }: ChartDoc): readonly string[] {
  const version = `Source: [${path}](../../${path}). Version: ${model.version ?? 'none'}. Hash: ${code(model.hash)}.`;
  const own = approvals
    .filter(({ machine }) => machine === model.id)
    .toSorted((a, b) => (a.date < b.date ? 1 : -1));
  if (own.length === 0) return [version, 'Nobody has approved this version yet.'];
  const rows = own.map(({ name, role, date, hash, note }) => [
    asWritten(name),
    asWritten(role),
    date,
    hash === model.hash ? 'holds' : 'void: the chart has changed since',
    asWritten(note ?? ''),
  ]);
  const isApproved = own.some(({ hash }) => hash === model.hash);
  return [
    version,
    isApproved ? 'This version is approved.' : 'This version is not approved: earlier ones were.',
    table(['Approved by', 'Role', 'Date', 'Of this version', 'Note'], rows),
  ];
}
