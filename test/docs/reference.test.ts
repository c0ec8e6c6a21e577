/**
 * What the reference owes its readers: an example for each function, a default for each option. (Of the
 * declarations that were built last.)
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Declaration, declarationsIn } from '../../tools/docs/reference/declarations.ts';
import { subjectsOf } from '../../tools/docs/reference/subjects.ts';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
};
/** By import. */
const declared = new Map(
  Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : [
          [
            path.replace('.', 'holdfast'),
            declarationsIn(readFileSync(target.types, 'utf8')),
          ] as const,
        ],
  ),
);

/** Without an example of their own, for a reason. A new name needs one. */
const WITHOUT_EXAMPLE: readonly RegExp[] = [
  // What an app gives, and we call.
  /^(AnchorSource|Clock|Random|KeySource|FieldsFirstLogger|MessageFirstLogger|JsonObject)\./,
  // What is made by functions that have one.
  /\.constructor$/,
  // What holdfast/testing gives beside what it is for; the how-to page has a whole test.
  /^(VirtualClock|SeededRandom|UpstreamLedger)\./,
  // The example of the type, or of what stands beside it, has them.
  /^(OperationActor|Client|Quarantine|CrisisPlans|CrisisMode|Crises|UpstreamControl|Inspector|StatelyInspector)\./,
  // Rules of a recipe, whose example has them; stamps and vectors, which merging makes and compares.
  /^(anything|ask|both|fields|firstStays|furthest|largest|latest|list|map|ownRule|serverDecides|set|snapshot|strictest|text)$/,
  /^(advanceVector|compareStamps|compareVectors|entitlementAt|joinVectors|nextStamp|stampAfter)$/,
  /^Runtime\.(policyLayers|\[Symbol\.asyncDispose\])$/,
];

function withoutExample(declarations: ReadonlyMap<string, Declaration>): readonly string[] {
  return [...declarations.values()]
    .filter(({ isExported }) => isExported)
    .flatMap(({ name, kind, doc, members }) => {
      const own = kind === 'function' && doc.examples.length === 0 ? [name] : [];
      const has = new Set(
        members.flatMap((one) => (one.doc.examples.length > 0 ? [one.name] : [])),
      );
      const methods = members
        .filter((one) => one.isMethod && !has.has(one.name))
        .map((one) => `${name}.${one.name}`);
      return [...own, ...methods];
    });
}

describe('UX-1 the reference', () => {
  test('UX-1 every function and method has an example, or a reason to have none', () => {
    const bare = [...declared.values()].flatMap(withoutExample);
    expect(bare.filter((name) => !WITHOUT_EXAMPLE.some((known) => known.test(name)))).toEqual([]);
    for (const known of WITHOUT_EXAMPLE) expect(bare.some((name) => known.test(name))).toBe(true);
  });

  test('UX-1 control: a new function or method without an example is found', () => {
    const added = declarationsIn(
      '/** New. */\nexport declare function brew(): void;\nexport declare interface Runtime { pour(): void; }',
    );
    expect(withoutExample(added)).toEqual(['brew', 'Runtime.pour']);
  });

  test('UX-1 every name that a page lists is there, and every name is on a page', () => {
    const gone = subjectsOf([...declared.keys()]).flatMap(({ from, names }) =>
      names.filter((name) => declared.get(from)?.has(name) !== true),
    );
    expect(gone).toEqual([]);
    const index = readFileSync('docs/reference/README.md', 'utf8');
    const missing = [...declared.values()]
      .flatMap((all) => [...all.values()])
      .filter(({ name, isExported }) => isExported && !index.includes(`[\`${name}\`]`));
    // The last word on what is stale has npm run docs:check.
    expect(missing.length).toBeLessThan(10);
  });

  test.each([
    // What stands for nothing where it is left out needs no default.
    ['RuntimeOptions', /^(key|upstreams|policies|handlers|crisis|clock|random|inspect|onError)$/],
    ['CrisisOptions', /^resources$/],
    ['HttpHandlerOptions', /^(headers|fetch)$/],
    ['Handler', /^schema$/],
    ['PolicySettings', /^$/],
  ] as const)('UX-1 every option of %s says its default', (name, without) => {
    const options = declared
      .get('holdfast')
      ?.get(name)
      ?.members.filter(({ isOptional }) => isOptional);
    expect(options?.length).toBeGreaterThan(3);
    const silent = options?.filter(({ doc }) => !/\bdefaults?\b/i.test(doc.text));
    expect(silent?.map((option) => option.name).filter((option) => !without.test(option))).toEqual(
      [],
    );
  });
});
