/**
 * Types of values that JSON carries without loss.
 *
 * @module
 */

/** A value that JSON can carry without loss. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object that JSON can carry without loss. */
export interface JsonObject {
  readonly [key: string]: Json;
}
