import { describe, expect, test } from 'vitest';
import { crisisMachine } from '../../machines/crisis/crisisMachine.ts';
import { OPERATION_STATES } from '../../machines/operation/syncOperationState.ts';
import { innermostStates } from '../../machines/vocabulary/innermost.ts';
import { findAll, type RepositoryFile, repositoryFiles, withoutComments } from './repository.ts';

/** Names that also mean something else: an ending, a standing, a reason, the result of a write. */
const AMBIGUOUS: ReadonlySet<string> = new Set([
  'completed',
  'deadLettered',
  'cancelled',
  'expired',
  'replayed',
  'rejected',
  'duplicate',
  'suspect',
  'delivered',
]);

/** Files that name states all the same, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'inspector/page/actor/actorHeader.tsx': 'names the state whose order is an answer',
  'inspector/page/model/pageState.ts': 'names counts of health',
  'inspector/page/model/route.ts': 'names counts of health',
  'inspector/page/overview/peoplePanel.tsx': '`waiting` is the name of a view there',
  'inspector/page/piles/waiting.tsx': '`waiting` is the name of a view there',
  'inspector/page/views.tsx': '`waiting` is the name of a view there',
  'inspector/protocol.ts': '`waiting` is the name of a view there',
  'src/cli/commands/status.ts': 'names counts of health',
  'src/cli/kit/idEnd.ts': 'a filter that asks for dead letters',
  'src/cli/run/fileRun.ts': '`inReview` is the name of a count there',
};

const STATES = [
  ...OPERATION_STATES,
  ...Object.values(crisisMachine.states)
    .slice(0, 1)
    .flatMap(innermostStates)
    .map(({ key }) => key),
];
const plain = STATES.filter((state) => !AMBIGUOUS.has(state));
/** A state by its name alone, but for the name of a field; an ambiguous one where it stands for a state. */
const PATTERN = new RegExp(
  `(?<!\\w\\[)(['"\`])(${plain.join('|')})\\1|\\b(state|value|from|to)\\b\\s*(===|!==|:)\\s*(['"])(${[...AMBIGUOUS].join('|')})\\5`,
);

/** `path:line` of every state of an operation named outside machines/. */
function namedOutside(files: readonly RepositoryFile[]): readonly string[] {
  const product = files.filter(
    ({ path }) =>
      /^(persistence|actors|inspector|src)\/.*\.tsx?$/.test(path) &&
      // What judges the rest decides by itself what a state means.
      !path.startsWith('src/simulator/') &&
      !(path in EXCEPTIONS),
  );
  return findAll(
    product.map(({ path, text }) => ({ path, text: withoutComments(text) })),
    PATTERN,
  );
}

test('OB-3 no file outside machines/ names a state of an operation or a crisis', () => {
  expect(namedOutside(repositoryFiles())).toEqual([]);
});

test('OB-3 every exception names one', () => {
  const excepted = repositoryFiles().filter(({ path }) => path in EXCEPTIONS);
  expect(excepted.map(({ path }) => path).toSorted()).toEqual(Object.keys(EXCEPTIONS).toSorted());
  for (const file of excepted) expect(findAll([file], PATTERN)).not.toEqual([]);
});

describe('OB-3 control: a state that is named outside is found', () => {
  test.each([
    "if (resident.state === 'waiting') return;",
    'const BUSY = new Set(["ordering"]);',
    "return snapshot.value !== 'deadLettered';",
    "encodeSnapshot(machine, { value: 'replayed', context });",
    "  case 'backingOff':",
  ])('%s', (line) => {
    expect(namedOutside([{ path: 'actors/work/planted.ts', text: line }])).toEqual([
      'actors/work/planted.ts:1',
    ]);
  });

  test.each([
    "if (outcome.status === 'completed') return;",
    "// It is 'waiting' then.",
    "const standing: Standing = 'deadLettered';",
  ])('and nothing else is: %s', (line) => {
    expect(namedOutside([{ path: 'actors/work/planted.ts', text: line }])).toEqual([]);
  });
});
