/**
 * Reads how long an upstream asks to be left alone (RT-2; RFC 9110 §10.2.3).
 *
 * @module
 */

/** No upstream may park work for longer than this by a header: 1 h. */
export const RETRY_AFTER_MAX_MS = 3_600_000;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the form every sender uses today. */
const IMF_DATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
/** `Sunday, 06-Nov-94 08:49:37 GMT`, obsolete, still to be read. */
const RFC_850_DATE =
  /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
/** `Sun Nov  6 08:49:37 1994`, obsolete, still to be read. */
const ASCTIME_DATE = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/;

function utc(day: string, month: string, year: number, time: readonly (string | undefined)[]) {
  const monthIndex = MONTHS.indexOf(month);
  if (monthIndex < 0) return null;
  const [hour, minute, second] = time.map(Number);
  return Date.UTC(year, monthIndex, Number(day), hour, minute, second);
}

/**
 * Reads an HTTP date in any of its three forms as milliseconds since the epoch; `null` for anything
 * else. `Date.parse` would not do: it takes `5` for a day in 2001.
 *
 * @param nowMs - gives the century of a two-digit year: never more than 50 years ahead (RFC 9110 §5.6.7).
 */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const imf = IMF_DATE.exec(text);
  if (imf !== null) {
    const [, day = '', month = '', year, ...time] = imf;
    return utc(day, month, Number(year), time);
  }
  const rfc850 = RFC_850_DATE.exec(text);
  if (rfc850 !== null) {
    const [, day = '', month = '', shortYear, ...time] = rfc850;
    const yearNow = new Date(nowMs).getUTCFullYear();
    const year = yearNow - (yearNow % 100) + Number(shortYear);
    return utc(day, month, year > yearNow + 50 ? year - 100 : year, time);
  }
  const asctime = ASCTIME_DATE.exec(text);
  if (asctime === null) return null;
  const [, month = '', day = '', hour, minute, second, year] = asctime;
  return utc(day.trim(), month, Number(year), [hour, minute, second]);
}

/**
 * Reads a `Retry-After` header: a number of seconds (fractions are accepted, some services send
 * them) or an HTTP date. Returns milliseconds from `nowMs`, between 0 and {@link RETRY_AFTER_MAX_MS},
 * or `undefined` when there is no header or it makes no sense.
 */
export function parseRetryAfter(
  header: string | null | undefined,
  nowMs: number,
): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return capped(Number(text) * 1_000);
  const atMs = parseHttpDate(text, nowMs);
  return atMs === null ? undefined : capped(atMs - nowMs);
}

function capped(delayMs: number): number {
  return Math.min(RETRY_AFTER_MAX_MS, Math.max(0, Math.ceil(delayMs)));
}
