/**
 * Grades of the network.
 *
 * @module
 */

/** How good the network is (PF-2). */
export type NetworkGrade = 'excellent' | 'good' | 'poor' | 'offline';
