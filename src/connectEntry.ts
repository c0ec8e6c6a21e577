/**
 * `holdfast/connect`: entry for a process that uses a store which another process owns. It loads neither the engine
 * nor the database until the process comes to own the store.
 *
 * @module
 */

export { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
export type { Client, ConnectOptions } from './client.ts';
export { connect } from './connect.ts';
