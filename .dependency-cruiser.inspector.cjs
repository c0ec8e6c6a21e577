/**
 * The rooms of the inspector: what reads charts, what a viewer is sent, the local server, the documentation, and
 * the page for a browser. See .dependency-cruiser.rooms.cjs.
 */

const { VOCABULARY, MERGE, MACHINES } = require('./.dependency-cruiser.machines.cjs');

const PAGE_BASE = [
  'inspector',
  'inspector/page/words',
  'inspector/page/past',
  'inspector/page/model',
];
const PAGE_KIT = [...PAGE_BASE, 'inspector/page/kit'];

/** Room → the rooms it may import. */
const INSPECTOR_ROOMS = {
  'inspector/charts': ['machines', ...MACHINES],
  // The messages; src and the page know them.
  inspector: [],
  // What may be told of charts and facts; and who is told, when.
  'inspector/projection': ['inspector', 'inspector/charts'],
  'inspector/feed': [VOCABULARY, 'inspector', 'inspector/projection'],
  // The page and its feed, for browsers of this machine.
  'inspector/server': [VOCABULARY, 'inspector'],
  // Pictures of charts, laid out by elkjs: for the documentation, and nothing that runs for a user.
  'tools/draw': ['inspector/charts'],
  // The inspector of Stately, which an app installs by itself.
  'inspector/stately': [VOCABULARY, 'inspector', 'inspector/charts', 'inspector/projection'],
  // What changed of charts, and who has approved them.
  'tools/review': [VOCABULARY, 'inspector/charts'],
  // The documentation of the charts: what it is read from, a chart's page, the tours, what is checked.
  'tools/docs/text': [VOCABULARY, 'inspector/charts', 'tools/review'],
  'tools/docs/chart': ['machines/scheduler', 'inspector/charts', 'tools/docs/text'],
  'tools/docs/tour': ['inspector/charts', 'tools/docs/text'],
  'tools/docs/check': ['inspector/charts', 'tools/docs/text'],
  'tools/docs': [
    'machines',
    ...MACHINES,
    ...MERGE,
    'inspector/charts',
    'tools/draw',
    'tools/review',
    'tools/docs/text',
    'tools/docs/chart',
    'tools/docs/tour',
    'tools/docs/check',
  ],
  // The public names, from the declarations of the build.
  'tools/docs/reference': ['tools/docs/text'],

  // The inspector's page: it runs in a browser, and of the rest it knows the messages that it is sent.
  'inspector/page/words': ['inspector'],
  // What was, told from the steps that are remembered.
  'inspector/page/past': ['inspector'],
  'inspector/page/model': ['inspector', 'inspector/page/words', 'inspector/page/past'],
  'inspector/page/kit': PAGE_BASE,
  'inspector/page/overview': PAGE_KIT,
  // Names of management calls, and what the server lets through of their answers.
  'inspector/page/calls': PAGE_KIT,
  'inspector/page/actors': [...PAGE_KIT, 'inspector/page/calls'],
  'inspector/page/orders': [...PAGE_KIT, 'inspector/page/calls'],
  'inspector/page/chart': [...PAGE_KIT, 'inspector/charts'],
  'inspector/page/piles': [...PAGE_KIT, 'inspector/page/calls', 'inspector/page/orders'],
  'inspector/page/actor': [
    ...PAGE_KIT,
    'inspector/page/calls',
    'inspector/page/orders',
    'inspector/page/chart',
    'inspector/page/piles',
    'inspector/charts',
  ],
  'inspector/page': [
    ...PAGE_KIT,
    'inspector/page/overview',
    'inspector/page/actors',
    'inspector/page/chart',
    'inspector/page/orders',
    'inspector/page/piles',
    'inspector/page/actor',
  ],
};

module.exports = { INSPECTOR_ROOMS };
