/**
 * The rooms of the command line, from the ground up, with the rooms that their files may import besides
 * each other. They stand above all others: .dependency-cruiser.rooms.cjs has those.
 */

const VOCABULARY = 'machines/vocabulary';
const PORT = 'persistence/port';

const ENGINE = ['actors/platform', 'actors'];

/** Room → the rooms it may import. */
const CLI_ROOMS = {
  'src/cli/kit': [
    VOCABULARY,
    'persistence/sealing',
    'persistence/upkeep',
    'actors/platform',
    'src/control',
    'src/management',
    'src/management/call',
    'src/management/store',
  ],
  'src/cli/run': [
    VOCABULARY,
    'machines/policy/request',
    'machines/policy/retry',
    'machines/operation',
    'machines/crisis',
    'persistence/sealing',
    ...ENGINE,
    'src/http',
    'src',
    'src/cli/kit',
  ],
  'src/cli/demo': [
    VOCABULARY,
    'machines/policy/request',
    'persistence/sealing',
    'actors/platform',
    'src/testing',
    'src/http',
    'src',
    'src/cli/kit',
    'src/cli/run',
  ],
  // The crisis drill: what measures, what fails, what is drilled, the scenarios, and the reports.
  'src/cli/crisisDrill/measure': ['actors/platform'],
  'src/cli/crisisDrill/upstream': [VOCABULARY, 'actors/platform'],
  'src/cli/crisisDrill/stage': [
    VOCABULARY,
    'persistence/sealing',
    'actors/platform',
    'actors',
    'src/http',
    'src',
    'src/cli/crisisDrill/measure',
    'src/cli/crisisDrill/upstream',
  ],
  'src/cli/crisisDrill/scenarios': [
    VOCABULARY,
    PORT,
    'actors/platform',
    'machines/policy/request',
    'src',
    'src/cli/crisisDrill/measure',
    'src/cli/crisisDrill/stage',
  ],
  'src/cli/crisisDrill/report': [
    'src/cli/kit',
    'src/cli/crisisDrill/measure',
    'src/cli/crisisDrill/upstream',
    'src/cli/crisisDrill/stage',
    'src/cli/crisisDrill/scenarios',
  ],
  'src/cli/crisisDrill': [
    VOCABULARY,
    'persistence/sealing',
    'actors/platform',
    'src/cli/kit',
    'src/cli/crisisDrill/measure',
    'src/cli/crisisDrill/upstream',
    'src/cli/crisisDrill/stage',
    'src/cli/crisisDrill/scenarios',
    'src/cli/crisisDrill/report',
  ],
  'src/cli/doctor': [
    VOCABULARY,
    'persistence/sealing',
    'persistence',
    'persistence/upkeep',
    'src/views',
    'src/control',
    'src/management/store',
    'src/cli/kit',
    'src/crisis',
  ],
  'src/cli/commands/deadLetters': [
    VOCABULARY,
    'actors/platform',
    'src/management/deadLetters',
    'src/cli/kit',
    'src/cli/run',
  ],
  'src/cli/commands/quarantine': [VOCABULARY, 'src/management/quarantine', 'src/cli/kit'],
  'src/cli/commands/crises': [VOCABULARY, 'actors', 'src/management/crises', 'src/cli/kit'],
  'src/cli/commands/crisisMode': [
    VOCABULARY,
    'machines/policy/crisis',
    'actors',
    'src/control',
    'src/management/call',
    'src/management/crisisMode',
    'src/cli/kit',
  ],
  'src/cli/commands/policies': [
    VOCABULARY,
    'machines/policy/layers',
    'src/control',
    'src/views',
    'src/management/policies',
    'src/cli/kit',
  ],
  'src/cli/commands': [
    'machines/operation',
    'machines/crisis',
    'persistence',
    'persistence/sealing',
    'persistence/upkeep',
    ...ENGINE,
    'src/management/call',
    'src/management/store',
    'src/cli/kit',
  ],
  'src/cli': [
    'src/cli/kit',
    'src/cli/run',
    'src/cli/demo',
    'src/cli/crisisDrill',
    'src/cli/doctor',
    'src/cli/commands',
    'src/cli/commands/deadLetters',
    'src/cli/commands/quarantine',
    'src/cli/commands/policies',
    'src/cli/commands/crises',
    'src/cli/commands/crisisMode',
  ],
};

module.exports = { CLI_ROOMS };
