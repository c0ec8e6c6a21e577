import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isWorse,
  LEVELS,
  type Level,
  worstOf,
} from '../../../../machines/policy/service/degradationLevel.ts';
import {
  checkDegradationPolicy,
  DEFAULT_DEGRADATION_POLICY,
  type DegradationPolicy,
  type DegradationSignals,
  REMOVED,
  wantedLevel,
} from '../../../../machines/policy/service/degradationPolicy.ts';
import { isHoldfastError } from '../../../../machines/vocabulary/errors.ts';

const policy = DEFAULT_DEGRADATION_POLICY;
const wanted = (signals: DegradationSignals, current: Level = 'normal'): Level =>
  wantedLevel(signals, policy, current).wanted;

describe('wantedLevel', () => {
  test('DG-1 what is not known calls for nothing', () => {
    for (const current of LEVELS) expect(wanted({}, current)).toBe('normal');
  });

  test.each([
    ['closed', 'normal'],
    ['disabled', 'normal'],
    ['observing', 'normal'],
    ['halfOpen', 'criticalOnly'],
    ['open', 'offline'],
    ['forcedOpen', 'offline'],
  ] as const)('DG-1 a breaker that is %s calls for %s', (breaker, level) => {
    expect(wanted({ breaker })).toBe(level);
  });

  test.each([
    ['well', 'normal'],
    ['slow', 'limited'],
    ['failing', 'offline'],
  ] as const)('DG-1 storage that is %s calls for %s', (storage, level) => {
    expect(wanted({ storage })).toBe(level);
  });

  test.each([
    ['excellent', 'normal'],
    ['good', 'normal'],
    ['poor', 'limited'],
    ['offline', 'offline'],
  ] as const)('DG-1 a network that is %s calls for %s', (network, level) => {
    expect(wanted({ network })).toBe(level);
  });

  test.each([
    ['ramp', 'limited'],
    ['overload', 'limited'],
    [null, 'normal'],
  ] as const)('DG-1 DG-3 slots that are short for %s call for %s', (shortage, level) => {
    expect(wanted({ shortage })).toBe(level);
  });

  test.each([['eventLoopDelayMs', 250, 1_000]] as const)(
    'DG-1 %s calls for limited from %d, for criticalOnly from %d',
    (name, limited, critical) => {
      expect(wanted({ [name]: limited * 0.99 })).toBe('normal');
      expect(wanted({ [name]: limited })).toBe('limited');
      expect(wanted({ [name]: critical * 0.99 })).toBe('limited');
      expect(wanted({ [name]: critical })).toBe('criticalOnly');
    },
  );

  test('DG-1 a level is left only well below where it is entered', () => {
    const at = (eventLoopDelayMs: number) => wanted({ eventLoopDelayMs }, 'limited');
    expect(at(176)).toBe('limited');
    expect(at(174)).toBe('normal');
    expect(wanted({ eventLoopDelayMs: 800 }, 'criticalOnly')).toBe('criticalOnly');
    expect(wanted({ eventLoopDelayMs: 800 }, 'limited')).toBe('limited');
  });

  test('DG-1 the causes are the signals that call for the worst level, and none of normal', () => {
    const causes = (signals: DegradationSignals) => wantedLevel(signals, policy, 'normal');
    expect(causes({})).toEqual({ wanted: 'normal', causes: [] });
    expect(causes({ breaker: 'open', storage: 'lost', network: 'offline' })).toEqual({
      wanted: 'offline',
      causes: ['breaker', 'storage', 'network'],
    });
    expect(causes({ breaker: 'halfOpen', eventLoopDelayMs: 1_000, network: 'poor' })).toEqual({
      wanted: 'criticalOnly',
      causes: ['breaker', 'eventLoopDelayMs'],
    });
    expect(causes({ shortage: 'ramp', storage: 'slow' }).causes).toEqual(['ramp', 'storage']);
  });

  test('DG-1 no trouble calls for nothing, even where any reading keeps a level', () => {
    const sticky = { ...policy, leaveShare: 0 };
    const at = (eventLoopDelayMs: number) =>
      wantedLevel({ eventLoopDelayMs }, sticky, 'criticalOnly').wanted;
    expect([at(0), at(0.01)]).toEqual(['normal', 'criticalOnly']);
  });

  test('DG-1 the worst signal decides', () => {
    expect(wanted({ storage: 'slow', breaker: 'open', network: 'good' })).toBe('offline');
  });

  test('DG-1 a worse present level never calls for a better one, and no reading breaks it', () => {
    const number = fc.option(fc.double(), { nil: undefined });
    const signals = fc.record({ eventLoopDelayMs: number });
    fc.assert(
      fc.property(signals, (readings) => {
        const levels = LEVELS.map((current) => wanted(readings, current));
        expect(levels.every((level) => LEVELS.includes(level))).toBe(true);
        for (const [index, level] of levels.entries()) {
          expect(isWorse(levels[index - 1] ?? 'normal', level)).toBe(false);
        }
      }),
    );
  });
});

describe('worstOf', () => {
  test('DG-1 is the worst, and normal of none', () => {
    expect(worstOf([])).toBe('normal');
    expect(worstOf(['limited', 'offline', 'normal'])).toBe('offline');
  });
});

describe('checkDegradationPolicy', () => {
  const faultFieldOf = (options: Partial<DegradationPolicy>): string | undefined => {
    try {
      checkDegradationPolicy(options, 'degradation');
    } catch (error) {
      if (isHoldfastError(error) && error.code === 'HF_OPTION_INVALID') return error.field;
    }
    throw new Error('was not refused');
  };

  test('DG-1 fills in the defaults, which are themselves a valid policy', () => {
    expect(checkDegradationPolicy(undefined, 'degradation')).toEqual(policy);
    expect(checkDegradationPolicy({ ...policy }, 'degradation')).toEqual(policy);
    expect(checkDegradationPolicy({ leaveShare: 0.5 }, 'degradation').leaveShare).toBe(0.5);
  });

  test('DG-1 refuses by name what is out of range, unknown or at odds', () => {
    expect(faultFieldOf({ leaveShare: 2 })).toBe('degradation.leaveShare');
    expect(faultFieldOf({ recover: 1 } as never)).toBe('degradation.recover');
    expect(faultFieldOf({ eventLoopDelayMsCriticalOnly: 1 })).toBe(
      'degradation.eventLoopDelayMsCriticalOnly',
    );
  });

  test.each(Object.keys(REMOVED))(
    'DG-1 UX-2 %s is gone, and what to do instead is said',
    (name) => {
      expect(faultFieldOf({ [name]: 1 })).toBe(`degradation.${name}`);
      expect(() => checkDegradationPolicy({ [name]: 1 }, 'degradation')).toThrow('is gone: ');
    },
  );
});
