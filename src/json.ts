/** Whether parsed JSON is an object, so that its members can be looked at. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads a fetched body to its end, or gives up once it exceeds `maxBytes`: a provider gone wrong
 * must not fill the memory that every other request of this instance shares.
 * @throws RangeError when the body is longer; whatever `fetch` throws when the connection breaks
 */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop by an error cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new RangeError(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
