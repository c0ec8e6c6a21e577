/**
 * How the whole is, in words.
 *
 * @module
 */

type Tone = 'good' | 'warn' | 'bad' | 'quiet';

const OVERALL: Readonly<Record<string, readonly [Tone, string]>> = {
  healthy: ['good', 'Healthy'],
  degraded: ['warn', 'Degraded'],
  critical: ['bad', 'Critical'],
};

export function overallTone(overall: string): Tone {
  return OVERALL[overall]?.[0] ?? 'quiet';
}

export function overallText(overall: string): string {
  return OVERALL[overall]?.[1] ?? overall;
}
