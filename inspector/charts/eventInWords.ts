/**
 * Types of events as people read them. It has a file of its own since the inspector's page has no XState.
 *
 * @module
 */

/** An event type in words: what the app sends as it is, what XState makes by what it means. */
export function eventInWords(eventType: string): string {
  if (eventType === '') return 'at once';
  const [, kind, rest = ''] =
    /^xstate\.(done\.actor|error\.actor|done\.state|after)\.(.+)$/.exec(eventType) ?? [];
  switch (kind) {
    case 'done.actor':
      return `${rest} ended`;
    case 'error.actor':
      return `${rest} failed`;
    case 'done.state':
      return `every part of ${rest} ended`;
    case 'after':
      return `after ${rest.split('.')[0]}`;
    default:
      return eventType;
  }
}
