/**
 * A page of operations, as lists of them are answered.
 *
 * @module
 */

export type { OperationPage } from '../../actors/port.ts';
