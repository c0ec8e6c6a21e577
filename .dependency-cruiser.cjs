/** Which way imports may go: down the list of folders, never up. The picture is in docs/ARCHITECTURE.md. */

const FOLDERS = '^(machines|persistence|actors|inspector|src|tools|test|bench|examples)/';
const { ROOMS, allowedFor, filesOf } = require('./.dependency-cruiser.rooms.cjs');

const PRODUCT = '^(machines|persistence|actors|inspector|src)/';

/** Files at `from` may import, of our own, only what matches `allowed`. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: FOLDERS, pathNot: allowed },
});

/** Files at `from` may import, of packages and of Node, only what matches `allowed`. */
const onlyPackages = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: {
    dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'core'],
    ...(allowed === null ? {} : { pathNot: allowed }),
  },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other to run are one thing, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports and that imports nobody is dead.',
      severity: 'error',
      from: { orphan: true, path: PRODUCT },
      to: {},
    },
    {
      name: 'no-unresolved',
      // The peers of the benches and the packages of the example apps are installed only where these are run.
      comment: 'What cannot be found cannot be checked.',
      severity: 'error',
      from: { pathNot: '^(bench/peers|examples/[^/]+)/' },
      to: { couldNotResolve: true, pathNot: '^holdfast' },
    },
    ...ROOMS.map((room) =>
      only(
        `room:${room}`,
        filesOf(room),
        allowedFor(room).map(filesOf),
        'A room imports rooms below it in .dependency-cruiser.rooms.cjs, and nothing above it.',
      ),
    ),
    only(
      'nobody-imports-the-bench',
      '^(test/(?!bench/)|examples/)',
      '^(machines|persistence|actors|inspector|src|tools|test|examples)/',
      'A bench is run, not imported, but by the tests of what it simulates.',
    ),
    only(
      'examples-use-the-package',
      '^examples/',
      '^examples/',
      'An example imports what a user would: the package by its name.',
    ),
    onlyPackages(
      'pure-code-imports-no-package',
      // innermost.ts names types of XState's values.
      '^machines/(vocabulary/(?!innermost[.])|policy|merge)',
      null,
      'Words and decisions need no package, and no Node.',
    ),
    onlyPackages(
      'charts-import-only-xstate',
      '^machines/',
      '(^|/)node_modules/xstate/',
      'Charts do no I/O.',
    ),
    {
      name: 'disk-and-ciphers-only-in-persistence',
      comment: 'Bytes at rest are sealed and written in one place.',
      severity: 'error',
      from: { pathNot: '^(persistence|test|bench)/' },
      to: { path: '(^|/)node_modules/(better-sqlite3|@noble)/' },
    },
    {
      name: 'native-module-by-one-door',
      comment:
        'Only persistence/sqlite/driver/library.ts loads better-sqlite3, so that what fails is named.',
      severity: 'error',
      from: { path: PRODUCT, pathNot: '^persistence/sqlite/driver/library[.]ts$' },
      to: { path: '(^|/)node_modules/better-sqlite3/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'src-knows-the-engine-by-its-port',
      comment:
        'The face holds whatever engine there is by actors/port.ts; only the composition roots make one.',
      severity: 'error',
      from: {
        path: '^src/',
        // The drill plants defects in the engine's own parts; the simulator reads what they write.
        pathNot:
          '^src/(createRuntime|management/atRest|drill/plants/planted)[.]ts$|^src/simulator/',
      },
      to: { path: '^actors/', pathNot: '^actors/(port[.]ts$|platform/)' },
    },
    {
      name: 'defects-are-planted-in-the-drill-alone',
      comment:
        'What plants a defect in the parts of the product is loaded by the process under drill, and by nothing else.',
      severity: 'error',
      from: { pathNot: '^(test/|src/drill/drillProcess[.]ts$)' },
      to: { path: '^src/drill/plants/planted[.]ts$' },
    },
    {
      name: 'commands-open-stores-and-know-no-more-of-them',
      comment:
        'A command makes calls, opens a store with a key, or keeps it up, and judges an audit. How it lies on disk is not its matter.',
      severity: 'error',
      // The drill stalls the thread that writes, at a point that only a program can arm.
      from: { path: '^src/(cli|demo|drill)/', pathNot: '^src/drill/scenarios/disks[.]ts$' },
      to: {
        path: '^persistence/',
        pathNot:
          '^persistence/(openStore[.]ts$|audit/|port/audit[.]ts$|sealing/(engines|keyFile|keySource|passphrase|secretFile)[.]ts$|upkeep/)',
      },
    },
    {
      name: 'rows-change-through-one-door',
      comment: 'Whatever is to see each change of a row has one place to look from.',
      severity: 'error',
      from: { pathNot: '^(persistence/sqlite/mutations|test)/' },
      to: { path: '^persistence/sqlite/mutations/', pathNot: '/mutations\\.ts$' },
    },
    {
      name: 'command-line-packages-only-there',
      comment: 'A program that embeds holdfast pays for no option parser.',
      severity: 'error',
      from: { pathNot: '^(src/(cli|demo|drill)|tools|test|bench)/' },
      to: { path: '(^|/)node_modules/(commander|picocolors)/' },
    },
    onlyPackages(
      'the-page-needs-no-node',
      '^inspector/page/',
      '(^|/)node_modules/(preact|@xstate/store)/',
      'A browser has neither Node nor a package but what is bundled (decision 0197).',
    ),
    {
      name: 'what-the-page-is-drawn-with-only-there',
      comment: 'It is bundled for a browser; a process has no use for it.',
      severity: 'error',
      from: { path: PRODUCT, pathNot: '^inspector/page/' },
      to: { path: '(^|/)node_modules/(preact|@xstate/store)/' },
    },
    {
      name: 'nothing-that-ships-imports-tools',
      comment: 'What serves the repository is not packed (decision 0255).',
      severity: 'error',
      from: { path: PRODUCT },
      to: { path: '^tools/' },
    },
    {
      name: 'charts-are-laid-out-by-one-room',
      comment: 'It takes seconds, so nothing does it but the documentation (decision 0198).',
      severity: 'error',
      from: { pathNot: '^tools/draw/' },
      to: { path: '(^|/)node_modules/elkjs/' },
    },
    {
      name: 'pictures-are-drawn-by-the-docs',
      comment:
        'What runs for a user shows the pictures that the documentation has (decision 0198).',
      severity: 'error',
      from: { pathNot: '^(tools/(draw|docs)|test)/' },
      to: { path: '^tools/draw/' },
    },
    {
      name: 'no-dev-dependency-in-the-product',
      comment: 'What ships must install with the package.',
      severity: 'error',
      from: {
        path: PRODUCT,
        // The page is published with its packages inside. The inspector of Stately and its WebSocket are
        // optional peers, loaded where an app asks for them (decision 0202).
        pathNot: '^inspector/(page|stately)/',
      },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    exclude: { path: '^(dist|coverage|bench/peers|[.]stryker-tmp)/' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
