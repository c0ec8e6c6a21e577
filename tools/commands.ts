/**
 * The commands of the command line that serve the repository. They need a clone, and are loaded only there.
 *
 * @module
 */

export { chartsCommand } from './charts/charts.ts';
export { evidenceCommand } from './evidence/evidence.ts';
