/**
 * Whom work is about. Ids of one subject are compared in one form: Unicode NFC, since the same name is typed
 * in several on different devices, and never in another case. Upstreams get the id as it was given (CR-3).
 *
 * @module
 */

export const SUBJECT_LENGTH_MAX = 256;
/** Half a surrogate pair would be lost in UTF-8. */
const UNFIT_CHARACTERS = /\p{Surrogate}|\0/u;
/** Beyond printable ASCII, which is in NFC already. */
const MAY_HAVE_FORMS = /[^ -~]/;
/** Writing a larger whole number in decimal digits takes long. */
const WHOLE_MAX = 10n ** 40n;

/** The form by which a subject is found and compared, everywhere. */
export function subjectForm(subject: string): string {
  return MAY_HAVE_FORMS.test(subject) ? subject.normalize('NFC') : subject;
}

/** Whether this can be kept as a subject. */
export function isSubject(given: unknown): given is string {
  return (
    typeof given === 'string' &&
    given !== '' &&
    given.length <= SUBJECT_LENGTH_MAX &&
    !UNFIT_CHARACTERS.test(given)
  );
}

/** The text of an id that may be a number, which is its digits; anything else as it is. */
export function asSubjectText(given: unknown): unknown {
  const isDigits =
    (typeof given === 'number' && Number.isFinite(given)) ||
    (typeof given === 'bigint' && given < WHOLE_MAX && given > -WHOLE_MAX);
  return isDigits ? String(given) : given;
}

/** The form of what a request of unknown origin says it is about; `null` for what is no subject. */
export function subjectOf(given: unknown): string | null {
  const text = asSubjectText(given);
  return isSubject(text) ? subjectForm(text) : null;
}
