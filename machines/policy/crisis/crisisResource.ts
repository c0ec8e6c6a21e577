/**
 * Resources that help a person in crisis, and the order in which an answer has them (CR-3).
 *
 * @module
 */

export const RESOURCE_KINDS = ['helpLine', 'emergency', 'plan', 'contact'] as const;

export const CHECKED_BY = ['call', 'officialPage', 'storedPage'] as const;

/** Something that helps now: a help line, a step of a safety plan, somebody to call, a place to go. */
export interface CrisisResource {
  readonly kind: (typeof RESOURCE_KINDS)[number];
  readonly name: string;
  /** Where it serves: ISO 3166 country codes, or `*` for everywhere. */
  readonly regions: readonly string[];
  readonly phone?: string | undefined;
  readonly text?: string | undefined;
  readonly url?: string | undefined;
  readonly note?: string | undefined;
}

/** A help line that comes with holdfast. */
export interface HelpLine extends CrisisResource {
  /** The official page that says so: of the service itself, or of a public body. */
  readonly sourceUrl: string;
  /** The day on which it was last checked, as `YYYY-MM-DD`. */
  readonly checkedOn: string;
  /**
   * How it was checked on that day: by a call, on the page itself, or on a stored copy of the page, which may be
   * older than the day.
   */
  readonly checkedBy: (typeof CHECKED_BY)[number];
}

/** A resource in an answer, which says where it comes from. */
export interface AnsweredResource extends CrisisResource {
  /** The plan of the subject, what the app has configured, or what comes with holdfast. */
  readonly from: 'plan' | 'app' | 'builtIn';
  /** The source of a built-in help line: see {@link HelpLine}. */
  readonly sourceUrl?: string | undefined;
  readonly checkedOn?: string | undefined;
  readonly checkedBy?: HelpLine['checkedBy'] | undefined;
}

/** No region is longer. What is longer is not looked at: a text in parts would be put together for that. */
const REGION_LENGTH_MAX = 16;
const COUNTRY = /^[a-z]{2}(?:-[a-z0-9]{1,3})?$/i;
const COUNTRY_LENGTH = 2;
const EVERYWHERE = '*';

/** The country of a region such as `DE`, `de` or `DE-BY`; `null` for anything else. */
export function countryOf(region: unknown): string | null {
  if (typeof region !== 'string' || region.length > REGION_LENGTH_MAX) return null;
  if (!COUNTRY.test(region)) return null;
  return region.slice(0, COUNTRY_LENGTH).toUpperCase();
}

/**
 * Those that serve a country first, then those that serve everywhere, then the others, each in the order
 * given. Nothing is left out: a region may be wrong, and its person elsewhere.
 */
export function nearestFirst<Resource extends CrisisResource>(
  resources: readonly Resource[],
  country: string | null,
): readonly Resource[] {
  if (country === null) return resources;
  const rank = ({ regions }: Resource): number => {
    if (regions.some((region) => countryOf(region) === country)) return 0;
    return regions.includes(EVERYWHERE) ? 1 : 2;
  };
  return resources.toSorted((one, other) => rank(one) - rank(other));
}
