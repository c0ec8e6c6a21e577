/**
 * An answer as it comes in: what is read of a `Response`, and no more of it.
 *
 * @module
 */

/** An answer whose status and headers have come. A `Response` is one. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Pick<Headers, 'get'>;
  readonly body: AnswerBody | null;
}

export interface AnswerBody {
  /** Whether somebody has begun to read it. */
  readonly locked: boolean;
  readonly getReader: () => BodyReader;
  /** Gives the body up, and its connection with it. */
  readonly cancel: () => Promise<void>;
}

export interface BodyReader {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  /** Gives up what has not been read. */
  readonly cancel: () => Promise<void>;
}
