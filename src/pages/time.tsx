/** A moment as a person reads it, in UTC since the server does not know where the reader is. */
export function Time({ seconds }: { readonly seconds: number }) {
  const iso = new Date(seconds * 1000).toISOString();
  return <time dateTime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`}</time>;
}
