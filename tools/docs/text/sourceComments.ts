/**
 * What a chart's source says in the head of its file, and of the instants that it keeps.
 *
 * @module
 */

import { plainComment } from './plainComment.ts';

/** The paragraphs of a file's header comment, without its tags and its list of requirement ids. */
export function headerOf(source: string): readonly string[] {
  const header = /^\/\*\*([\s\S]*?)\*\//.exec(source)?.[1] ?? '';
  return plainComment(header)
    .split('\n\n')
    .filter((part) => part !== '' && !part.startsWith('@') && !part.startsWith('Requirements:'));
}

/** The doc comment right before the first thing called `name` that has one; `''` for none. */
export function commentOn(source: string, name: string): string {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*(?:\\|\\s*)?\\(?(?:\\{\\s*)?(?:readonly\\s+)?(?:type:\\s*)?'?${escaped}'?\\s*[?:(,;}/]`,
  );
  return plainComment(pattern.exec(source)?.[1] ?? '').replaceAll(/\s+/g, ' ');
}

/**
 * The instants that a chart keeps: the fields ending in `AtMs` of its context and input, and of the
 * interfaces these extend. `files` are the sources to look in, the chart's own first.
 */
export function instantsOf(files: readonly string[]): readonly string[] {
  const all = files.join('\n');
  const names = new Set<string>();
  const waiting = [...(files[0] ?? '').matchAll(/interface (\w+(?:Context|Input))\b/g)].map(
    ([, name = '']) => name,
  );
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const found = new RegExp(`interface ${name}\\b([^{]*)\\{([\\s\\S]*?)\\n\\}`).exec(all);
    const [, bases = '', body = ''] = found ?? [];
    waiting.push(...(bases.replace('extends', '').match(/\w+/g) ?? []));
    for (const [, field = ''] of body.matchAll(/^ {2}readonly (\w+AtMs)\b/gm)) names.add(field);
  }
  return [...names].toSorted();
}
