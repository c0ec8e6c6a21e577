/**
 * Everything about one person as an HTML page for that person to read. It loads nothing, and nothing in a record runs.
 *
 * @module
 */

import type { SubjectRecordKind } from '../../actors/port.ts';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';

/** A record about a person, or an entry of the audit about what they did or what was done about them. */
export interface ExportedRecord {
  /** Kind of the record; `entity` for a record of the app that edits change. */
  readonly kind: SubjectRecordKind | 'auditEntry';
  /** Everything in it, payloads included. */
  readonly value: JsonObject;
  /** JSON Pointers into `value`, to what names other people: contacts of a crisis plan, and those who decided. */
  readonly others: readonly string[];
  /** True for a record that can't be opened: `value` has what is known of it. */
  readonly isUnreadable: boolean;
}

/** Titles and sentences above the records of each kind. */
const HEADINGS: Readonly<Record<ExportedRecord['kind'], readonly [title: string, says: string]>> = {
  operation: [
    'Requests',
    'What was sent, or is to be sent, on your behalf: its content, what became of it, and what was answered.',
  ],
  entity: [
    'Records',
    'Records about you, as they were when they were last heard of, and as they were last edited here.',
  ],
  conflict: [
    'Conflicts',
    'Records about you that were changed in two places at once, and how that was decided.',
  ],
  crisisPlan: ['Crisis plan', 'What helps you in a crisis, and whom to call.'],
  crisisMode: ['Crisis mode', 'Times in which your requests are treated as urgent.'],
  auditEntry: [
    'Log',
    'What was done about your data, and what you did. People are numbers in it: yours is the same in each entry.',
  ],
};

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'section{border-top:1px solid #888;margin-top:1rem}dl{margin:0}dd{margin:0 0 0 1.5rem}dt{font-weight:600}' +
  'dd,mark{overflow-wrap:anywhere;white-space:pre-wrap}ol{margin:0}';

/** @param nowMs when it is made */
export async function* documentOf(
  subject: string,
  nowMs: number,
  records: AsyncIterable<ExportedRecord>,
): AsyncGenerator<string> {
  yield head(subject, nowMs);
  let kind: ExportedRecord['kind'] | null = null;
  let unreadable = 0;
  for await (const record of records) {
    if (record.isUnreadable) unreadable += 1;
    const isFirst = record.kind !== kind;
    kind = record.kind;
    const [title, says] = HEADINGS[kind];
    const heading = isFirst ? `<h2>${title}</h2><p>${says}</p>\n` : '';
    const cannot = record.isUnreadable ? '<p>This record can not be opened.</p>' : '';
    const others = new Set(record.others);
    yield `${heading}<section>${cannot}${shown(record.value, others, '')}</section>\n`;
  }
  if (kind === null) yield '<p>Nothing is kept about you.</p>\n';
  if (unreadable > 0) yield `<p>Records that can not be opened: ${unreadable}.</p>\n`;
  yield '</html>\n';
}

function head(subject: string, nowMs: number): string {
  const title = `What is kept about ${escaped(subject)}`;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${STYLE}</style>
<h1>${title}</h1>
<p>Made on ${timeOf(nowMs)}. Times are in UTC. <mark>Marked</mark> is what names other people. What is empty is left out.</p>
`;
}

function shown(value: Json, others: ReadonlySet<string>, pointer: string): string {
  if (Array.isArray(value)) {
    const items = value.map((item: Json, at) => shown(item, others, `${pointer}/${at}`));
    return `<ol>${items.map((item) => `<li>${item}</li>`).join('')}</ol>`;
  }
  if (typeof value !== 'object' || value === null) {
    const text = escaped(String(value));
    return others.has(pointer) ? `<mark>${text}</mark>` : text;
  }
  const fields = Object.entries(value as Readonly<Record<string, Json>>).filter(
    ([, one]) => !isEmpty(one),
  );
  const rows = fields.map(([name, one]) => {
    const isInstant =
      /(?:AtMs|^at|^atMs)$/.test(name) && typeof one === 'number' && Math.abs(one) <= LAST_MS;
    const text = isInstant ? timeOf(one) : shown(one, others, `${pointer}/${name}`);
    return `<dt>${escaped(inWords(name))}</dt><dd>${text}</dd>`;
  });
  return `<dl>${rows.join('')}</dl>`;
}

/** The last instant that a date can name. */
const LAST_MS = 8.64e15;

function isEmpty(value: Json): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Gives `acceptedAtMs` as `accepted at`. */
function inWords(name: string): string {
  return name
    .replace(/(?<=^at|At)Ms$/, '')
    .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
