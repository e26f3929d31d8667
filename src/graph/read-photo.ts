import { AppError } from '../errors';
import { graphRequest, type GraphAccess } from './graph-request';

/** Types a browser shows as a picture and never runs; SVG is not one of them. */
const contentTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

export interface Photo {
  readonly contentType: (typeof contentTypes)[number];
  readonly bytes: Uint8Array;
}

const maxBytes = 4 * 1024 * 1024;

/**
 * The signed-in user's photo, at most 4 MiB; `undefined` when there is none.
 * @see https://learn.microsoft.com/graph/api/profilephoto-get
 * @throws as {@link graphRequest}; ERR_GRAPH_REFUSED when the answer is no picture
 */
export async function readPhoto(access: GraphAccess): Promise<Photo | undefined> {
  const answer = await graphRequest(access, {
    path: '/me/photo/$value',
    accept: 'image/*',
    maxBytes,
  });
  if (answer === undefined) return undefined;
  const contentType = contentTypes.find((type) => type === answer.contentType);
  if (contentType === undefined) {
    throw new AppError('ERR_GRAPH_REFUSED', { note: 'the photo is of a type not shown' });
  }
  return { contentType, bytes: answer.body };
}
