/** Shorter ones are words like `b` or `list`, which stand everywhere. */
const shortest = 6;
/** A single value or a user name may be a word such as `anteroom`, which stands in commands to be copied. */
const word = /^[a-z]+$/;
/** What is longer is of no use to a person, and would take long to look through. */
const mostCharacters = 65_536;

/**
 * A text for people without what may be a secret: queries and user names of addresses, signatures and tokens, and, in whatever
 * form they stand, those of the given addresses.
 */
export function hideSecrets(text: string, addresses: readonly string[] = []): string {
  const secrets = addresses.flatMap(secretsOf).sort((one, other) => other.length - one.length);
  // Before the cut, which would leave the first half of a secret that stands across it.
  const hidden = secrets
    .reduce((left, secret) => left.replaceAll(secret, '...'), text)
    .slice(0, mostCharacters);
  // Slashes may be escaped, as in JSON; `=` and what stands before a name may be encoded.
  return hidden
    .replaceAll(/(https?:(?:\\*\/){2}[^\s"'?]+)\?[^\s"']+/gi, '$1?...')
    .replaceAll(/\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g, '...')
    .replaceAll(/("(?:sig|\w{0,20}token)"\s*:\s*)"[^"]*"/gi, '$1"..."')
    .replaceAll(/(:(?:\\*\/){2})[^\s"'\\/?#@]+@/g, '$1...@')
    .replaceAll(
      /(?:(?<![a-z])|(?<=%[0-9a-f]{2}|\\u[0-9a-f]{4}))(sig|se|sv|sp|skoid|code|AccountKey|\w{0,20}token)(=|%3D)[^&\s"']+/gi,
      '$1$2...',
    );
}

/** Query, its values and user information of an address, as they stand there and decoded. */
function secretsOf(address: string): readonly string[] {
  const url = URL.parse(address);
  const written = address.slice(address.indexOf('?') + 1).replace(/#.*/, '');
  const wholes = [
    ...(address.includes('?') ? [written] : []),
    ...(url === null ? [] : [url.search.slice(1), url.password]),
    ...(url === null ? [] : [`${url.username}:${url.password}`]),
  ];
  const values = [
    ...(address.includes('?') ? written.split('&').map(afterEquals) : []),
    ...(url === null ? [] : [...url.searchParams.values(), url.username]),
  ];
  const secrets = [...wholes, ...values.filter((value) => !word.test(value))];
  return [...new Set([...secrets, ...secrets.map(decoded)])].filter(
    (part) => part.length >= shortest,
  );
}

function afterEquals(pair: string): string {
  return pair.slice(pair.indexOf('=') + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
