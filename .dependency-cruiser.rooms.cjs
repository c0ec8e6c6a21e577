/**
 * The rooms of the house: each folder of the product, from the ground up, with the rooms its files may
 * import besides each other. A room stands below all that import it, so no arrow goes back up.
 * docs/ARCHITECTURE.md has the picture.
 */

const { CLI_ROOMS } = require('./.dependency-cruiser.cli.cjs');
const { INSPECTOR_ROOMS } = require('./.dependency-cruiser.inspector.cjs');
const {
  VOCABULARY,
  MERGE,
  CONFLICT,
  MACHINES,
  MACHINE_ROOMS,
} = require('./.dependency-cruiser.machines.cjs');

const PORT = 'persistence/port';
const ENGINE_BASE = ['actors/platform', 'actors/time', 'actors/facts'];
/** What a user of the engine sees of it. */
const ENGINE = ['actors/platform', 'actors'];
const SQLITE = [
  'persistence/sqlite/driver',
  'persistence/sqlite/schema',
  'persistence/sqlite/protocol',
  'persistence/sqlite/file',
  'persistence/sqlite/seals',
  'persistence/sqlite/mutations',
  'persistence/sqlite/rows',
  'persistence/sqlite/migrations',
  'persistence/sqlite/writer',
  'persistence/sqlite/client',
];
const MANAGEMENT = [
  'src/management/call',
  'src/management/deadLetters',
  'src/management/quarantine',
  'src/management/store',
  'src/management/operations',
  'src/management/breaker',
  'src/management/crises',
  'src/management/crisisMode',
  'src/management/conflicts',
  'src/management/policies',
];
const BELOW_SQLITE = [VOCABULARY, PORT, 'persistence/files'];

/** The rooms of SQLite below `room`. */
const sqliteBelow = (room) => SQLITE.slice(0, SQLITE.indexOf(`persistence/sqlite/${room}`));

/** Room → the rooms it may import. A room stands for the files of its folder, not of folders in it. */
const ROOMS = {
  ...MACHINE_ROOMS,

  [PORT]: [VOCABULARY],
  'persistence/files': [VOCABULARY],
  'persistence/sealing': [VOCABULARY, 'persistence/files'],
  'persistence/memory': [VOCABULARY, PORT],
  'persistence/sqlite/driver': BELOW_SQLITE,
  'persistence/owner': [...BELOW_SQLITE, 'persistence/sqlite/driver'],
  'persistence/sqlite/schema': [...BELOW_SQLITE, ...sqliteBelow('schema')],
  'persistence/sqlite/protocol': [VOCABULARY, PORT],
  'persistence/sqlite/file': [...BELOW_SQLITE, 'persistence/sealing', ...sqliteBelow('file')],
  'persistence/sqlite/seals': [VOCABULARY, 'persistence/sealing'],
  'persistence/sqlite/mutations': ['persistence/sqlite/schema', 'persistence/sqlite/seals'],
  'persistence/sqlite/rows': [...BELOW_SQLITE, 'persistence/sealing', ...sqliteBelow('rows')],
  'persistence/sqlite/migrations': [
    ...BELOW_SQLITE,
    'persistence/sealing',
    ...sqliteBelow('migrations'),
  ],
  'persistence/sqlite/writer': [
    ...BELOW_SQLITE,
    'persistence/sealing',
    'persistence/owner',
    ...sqliteBelow('writer'),
  ],
  'persistence/sqlite/client': [
    ...BELOW_SQLITE,
    'persistence/owner',
    'persistence/sqlite/protocol',
    'persistence/sqlite/writer',
  ],
  persistence: [
    ...BELOW_SQLITE,
    'persistence/owner',
    'persistence/sealing',
    'persistence/sqlite/writer',
    'persistence/sqlite/client',
  ],
  'persistence/upkeep': [
    ...BELOW_SQLITE,
    'persistence/owner',
    'persistence/sealing',
    ...SQLITE,
    'persistence',
  ],

  'actors/platform': [VOCABULARY, 'machines/policy/request'],
  'actors/time': [VOCABULARY],
  'actors/facts': [...MACHINES, 'actors/time'],
  'actors/charts': [...MACHINES, 'actors/time', 'actors/facts'],
  'actors/journal': [...MACHINES, PORT, 'actors/time', 'actors/facts', 'actors/charts'],
  // What dispatch knows of an upstream: leave to call it, and its slots for crises.
  'actors/flow': [VOCABULARY, 'machines/policy/flow', 'machines/policy/crisis'],
  'actors/upstream': [
    ...MACHINES,
    'actors/time',
    'actors/facts',
    'actors/charts',
    'actors/journal',
    'actors/flow',
  ],
  // One attempt, performed for whoever has an operation's context and payload.
  'actors/attempt': [
    ...MACHINES,
    'machines/merge/clock',
    PORT,
    'actors/platform',
    'actors/time',
    'actors/facts',
  ],
  'actors/call': [...MACHINES, ...ENGINE_BASE, 'actors/flow'],
  'actors/operation': [
    ...MACHINES,
    PORT,
    ...ENGINE_BASE,
    'actors/charts',
    'actors/journal',
    'actors/flow',
    'actors/attempt',
  ],
  'actors/dispatch': [
    ...MACHINES,
    PORT,
    'actors/time',
    'actors/facts',
    'actors/journal',
    'actors/flow',
    'actors/attempt',
    'actors/operation',
  ],
  // Who is told of a crisis that is not delivered.
  'actors/escalation': [...MACHINES, ...ENGINE_BASE, 'actors/charts', 'actors/operation'],
  'actors/pool': [
    ...MACHINES,
    PORT,
    ...ENGINE_BASE,
    'actors/charts',
    'actors/journal',
    'actors/attempt',
    'actors/operation',
    'actors/dispatch',
    'actors/escalation',
  ],
  // Edits of merged records: compared, read, merged and sent anew, beside the queue.
  'actors/conflict': [
    ...MACHINES,
    ...MERGE,
    'machines/merge',
    'machines/conflict',
    PORT,
    ...ENGINE_BASE,
    'actors/charts',
    'actors/journal',
    'actors/attempt',
    'actors/call',
    'actors/operation',
    'actors/dispatch',
    'actors/pool',
  ],
  'actors/recovery': [
    ...MACHINES,
    PORT,
    'actors/time',
    'actors/facts',
    'actors/charts',
    'actors/journal',
    'actors/attempt',
    'actors/operation',
    'actors/dispatch',
    'actors/pool',
  ],
  'actors/crisis': [
    ...MACHINES,
    PORT,
    ...ENGINE_BASE,
    'actors/charts',
    'actors/journal',
    'actors/flow',
    'actors/attempt',
    'actors/operation',
    'actors/pool',
  ],
  actors: [
    ...MACHINES,
    ...MERGE,
    PORT,
    ...ENGINE_BASE,
    'actors/charts',
    'actors/journal',
    'actors/upstream',
    'actors/call',
    'actors/attempt',
    'actors/operation',
    'actors/dispatch',
    'actors/pool',
    'actors/recovery',
    'actors/crisis',
    'actors/escalation',
    'actors/conflict',
  ],

  ...INSPECTOR_ROOMS,

  'src/http': [
    VOCABULARY,
    'machines/policy/request',
    'machines/policy/retry',
    'machines/merge/clock',
    ...ENGINE,
  ],
  'src/typed': [VOCABULARY, 'machines/policy/request', ...ENGINE],
  'src/crisis': [VOCABULARY, 'machines/policy/retry', 'actors', 'src/http'],
  // What an app sees of facts without asking: its log, and channels.
  'src/telemetry': [VOCABULARY, 'machines/policy/service', ...ENGINE],
  'src/upkeep': [VOCABULARY, 'persistence/files', 'persistence/upkeep', 'actors/platform'],
  // Crises of other processes: the thread that answers them, and the main thread's side of it.
  'src/outside': [
    VOCABULARY,
    'machines/policy/request',
    'machines/policy/crisis',
    'persistence/files',
    ...ENGINE,
  ],
  'src/views': [...MACHINES, PORT, 'actors', 'src/outside'],
  'src/management/call': [
    VOCABULARY,
    'machines/policy/request',
    'machines/policy/layers',
    'persistence/upkeep',
    'actors',
    'src/upkeep',
    'src/views',
  ],
  'src/management/deadLetters': [
    VOCABULARY,
    'machines/policy/request',
    'machines/operation',
    ...ENGINE,
    'src/management/call',
  ],
  'src/management/quarantine': [VOCABULARY, PORT, 'actors', 'src/management/call'],
  'src/management/store': [
    VOCABULARY,
    'persistence/upkeep',
    'actors',
    'src/upkeep',
    'src/views',
    'src/management/call',
  ],
  'src/management/operations': [
    VOCABULARY,
    'machines/operation',
    'machines/crisis',
    'actors',
    'src/management/call',
  ],
  'src/management/breaker': ['src/management/call'],
  'src/management/crises': [VOCABULARY, 'actors', 'src/management/call'],
  'src/management/crisisMode': [
    VOCABULARY,
    'machines/policy/crisis',
    'actors',
    'src/management/call',
  ],
  'src/management/conflicts': [VOCABULARY, ...CONFLICT, 'actors', 'src/management/call'],
  'src/management/policies': [
    VOCABULARY,
    'machines/policy/layers',
    'src/views',
    'src/management/call',
  ],
  'src/management': [
    VOCABULARY,
    'machines/policy/request',
    PORT,
    'persistence',
    ...ENGINE,
    ...MANAGEMENT,
  ],
  'src/control': [
    VOCABULARY,
    'persistence/files',
    'persistence/owner',
    'src/views',
    'src/management/call',
    'src/management/store',
  ],
  // Clients of a store in other processes: the line to its owner, from either end.
  'src/connect': [
    VOCABULARY,
    'machines/policy/request',
    'machines/policy/crisis',
    ...ENGINE,
    'src/control',
  ],
  // Inspectors in this process and in others: what they are told, and what they may ask.
  'src/inspect': [
    'machines',
    VOCABULARY,
    'machines/operation',
    'machines/policy/crisis',
    'persistence/files',
    'persistence/owner',
    'actors',
    'inspector',
    'inspector/feed',
    'inspector/server',
    'inspector/stately',
    'src/views',
    'src/management/call',
    ...MANAGEMENT,
    'src/control',
    'src/connect',
  ],
  src: [
    ...CONFLICT,
    ...MACHINES,
    'machines/merge/declaration',
    PORT,
    'persistence',
    'persistence/owner',
    'persistence/memory',
    'persistence/sealing',
    'persistence/upkeep',
    'persistence/sqlite/migrations',
    'inspector',
    'inspector/projection',
    'inspector/feed',
    'actors/platform',
    'actors/facts',
    'actors',
    'src/http',
    'src/crisis',
    'src/outside',
    'src/telemetry',
    'src/typed',
    'src/upkeep',
    'src/views',
    'src/inspect',
    'src/management',
    ...MANAGEMENT,
    'src/control',
    'src/connect',
    'src/inspect',
  ],
  // holdfast/schemas: nothing of the product imports it.
  'src/schemas': ['machines/policy/request', 'machines/policy/clinical'],
  // holdfast/merge: nothing of the product imports it yet.
  'src/merge': [VOCABULARY, ...MERGE, 'machines/merge'],
  // holdfast/testing: nothing of the product imports it but the demo.
  'src/testing': [
    VOCABULARY,
    ...MERGE,
    'machines/merge',
    'machines/policy/retry',
    PORT,
    'persistence/memory',
    ...ENGINE,
    'src',
    'src/typed',
  ],
  ...CLI_ROOMS,
};

/** The files of a room, as a pattern of paths. */
const filesOf = (room) => `^${room}/[^/]+$`;

module.exports = { ROOMS, filesOf };
