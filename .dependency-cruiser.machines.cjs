/**
 * The rooms of machines/, from the ground up, with the rooms that their files may import besides each other. All
 * others stand above them: .dependency-cruiser.rooms.cjs has those.
 */

const VOCABULARY = 'machines/vocabulary';
const POLICY = [
  'machines/policy/request',
  'machines/policy/clinical',
  'machines/policy/flow',
  'machines/policy/breaker',
  'machines/policy/retry',
  'machines/policy/service',
  'machines/policy/crisis',
  'machines/policy/layers',
];
/** What merges records of several devices: a house of its own, from the ground up. */
const MERGE = [
  'machines/merge/values',
  'machines/merge/clock',
  'machines/merge/rules',
  'machines/merge/declaration',
  'machines/merge/entities',
];
const CHARTS = [
  'machines/operation',
  'machines/crisis',
  'machines/crisisMode',
  'machines/breaker',
  'machines/degradation',
  'machines/scheduler',
  'machines/storage',
  'machines/supervisor',
];
/** What is known of a conflict, and the rules by which it is merged. */
const CONFLICT = ['machines/conflict', ...MERGE];
const MACHINES = [VOCABULARY, ...POLICY, ...CHARTS];

/** Room → the rooms it may import. */
const MACHINE_ROOMS = {
  // Words that everybody shares: a leaf.
  [VOCABULARY]: [],

  'machines/policy/request': [VOCABULARY],
  'machines/policy/clinical': [],
  'machines/policy/flow': [VOCABULARY],
  'machines/policy/breaker': [VOCABULARY, 'machines/policy/flow'],
  'machines/policy/retry': [VOCABULARY, 'machines/policy/flow'],
  'machines/policy/service': [VOCABULARY, 'machines/policy/breaker'],
  'machines/policy/crisis': [VOCABULARY, 'machines/policy/request'],
  'machines/policy/layers': [
    VOCABULARY,
    'machines/policy/breaker',
    'machines/policy/flow',
    'machines/policy/retry',
    'machines/policy/service',
    'machines/policy/crisis',
  ],

  'machines/merge/values': [VOCABULARY, 'machines/policy/request'],
  'machines/merge/clock': [VOCABULARY, 'machines/policy/request', 'machines/merge/values'],
  'machines/merge/rules': [VOCABULARY, 'machines/merge/values'],
  'machines/merge/declaration': [VOCABULARY, 'machines/merge/rules'],
  'machines/merge/entities': [
    VOCABULARY,
    'machines/policy/clinical',
    'machines/merge/values',
    'machines/merge/rules',
    'machines/merge/declaration',
  ],
  'machines/merge': [VOCABULARY, ...MERGE],

  // What is kept of a conflict, and what becomes of it by what a person decides.
  'machines/conflict': [VOCABULARY, 'machines/policy/request', ...MERGE, 'machines/merge'],

  // Charts: they decide by policies and never import each other.
  ...Object.fromEntries(CHARTS.map((chart) => [chart, [VOCABULARY, ...POLICY]])),
  machines: [...CHARTS, 'machines/conflict'],
};

module.exports = { VOCABULARY, MERGE, CONFLICT, MACHINES, MACHINE_ROOMS };
