import { AppError } from './errors';
import { once } from './waiting';

/** What is looked at while a body is passed on. */
export interface BodyWatch {
  /** A longer body ends with this error. */
  readonly max?: { readonly bytes: number; readonly error: () => AppError };
  /** A body of which nothing comes for so many milliseconds ends with this error. */
  readonly stall?: { readonly ms: number; readonly error: () => AppError };
  /** Makes the error for a body that breaks off. Without it, the body ends with the error of its source. */
  readonly broken?: (cause: unknown) => AppError;
  /** Called for each part that comes, before it is passed on. */
  readonly onPart?: () => void;
}

/** A stream of bytes: of a browser's types or of those of Node.js, which TypeScript takes for two. */
export interface BodySource {
  getReader(): BodyReader;
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/**
 * The same body, counted and watched. It is read only as fast as its own reader reads, so it is never in memory as a whole.
 * Whenever it ends early, its source is told, and with it the connection that it comes from.
 */
export function watchBody(body: BodySource, watch: BodyWatch): ReadableStream<Uint8Array> {
  // `fetch` gives a connection back when nobody can read its answer any more, but not while the answer has a reader.
  const reader = once(() => body.getReader());
  let bytes = 0;
  const next = async (): Promise<Uint8Array | undefined> => {
    const part = await readInTime(reader(), watch);
    if (part === undefined) return undefined;
    bytes += part.byteLength;
    if (watch.max !== undefined && bytes > watch.max.bytes) throw watch.max.error();
    watch.onPart?.();
    return part;
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const part = await next();
          if (part === undefined) controller.close();
          else controller.enqueue(part);
        } catch (error) {
          void reader()
            .cancel(error)
            .catch(() => undefined);
          throw error;
        }
      },
      cancel: (reason) => reader().cancel(reason),
    },
    // Nothing is read ahead: what nobody wants yet stays with the sender.
    { highWaterMark: 0 },
  );
}

/** `undefined` at the end of the body. */
async function readInTime(
  reader: BodyReader,
  { stall, broken }: BodyWatch,
): Promise<Uint8Array | undefined> {
  const halt = Promise.withResolvers<never>();
  const timer =
    stall &&
    setTimeout(() => {
      halt.reject(stall.error());
    }, stall.ms);
  const read = reader.read().catch((cause: unknown) => {
    throw broken === undefined || cause instanceof AppError ? cause : broken(cause);
  });
  try {
    const { done, value } = await Promise.race([read, halt.promise]);
    return done ? undefined : value;
  } finally {
    clearTimeout(timer);
  }
}
