/**
 * The path of a request target as the real host's web server hands it on: percent-decoded but for
 * `%2F`, what cannot be decoded left as it is, dot segments resolved.
 * @returns undefined when the path must be refused (400): a NUL, or bytes no URL may hold
 */
export function decodePath(raw: string): string | undefined {
  if (/[^\u0021-\u007e]/.test(raw)) {
    return undefined;
  }
  const decoded = decodePercent(raw, '%2F');
  return decoded.includes('\0') ? undefined : withoutDotSegments(decoded);
}

/** The decoded path as it is written into `request.url`: only a stray `%` shows that it was decoded. */
export function encodePath(path: string): string {
  return path.replace(/%(?![0-9a-f]{2})|[^A-Za-z0-9\-._~/:@!$&'()*+,;=%]/giu, (character) =>
    encodeURIComponent(character.isWellFormed() ? character : '\ufffd'),
  );
}

/** Percent-decodes what is valid UTF-8 and leaves the rest alone; `kept` (such as `%2F`) too. */
export function decodePercent(text: string, kept?: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
    run
      .split(kept === undefined ? /(?!)/ : new RegExp(`(${kept})`, 'i'))
      .map((part) => (part.toUpperCase() === kept ? part : decodeRun(part)))
      .join(''),
  );
}

function decodeRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run;
  }
}

function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '..') {
      kept.pop();
    } else if (segment !== '.') {
      kept.push(segment);
      continue;
    }
    if (isLast) {
      kept.push('');
    }
  }
  return `/${kept.join('/')}`;
}
