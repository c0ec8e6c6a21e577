/**
 * `holdfast/connect`: what a process needs that uses a store which another one owns. It loads neither the engine
 * nor the database, which a process that comes to own the store does then.
 *
 * @module
 */

export { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
export type { Client, ConnectOptions } from './client.ts';
export { connect } from './connect.ts';
