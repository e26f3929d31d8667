import { readFileSync, writeFileSync } from 'node:fs';

const begin = '<!-- bench: begin -->';
const end = '<!-- bench: end -->';

/**
 * Puts `text` in place of what stands between the markers in a file.
 * @throws Error when they are not there, each once and in order
 */
export function writeBetweenMarkers(path: string, text: string): void {
  const content = readFileSync(path, 'utf8');
  const [before, middle, ...moreBegins] = content.split(begin);
  const [, after, ...moreEnds] = middle?.split(end) ?? [];
  const isClear = moreBegins.length === 0 && moreEnds.length === 0;
  if (before === undefined || after === undefined || !isClear) {
    throw new Error(`${path} lacks its markers ${begin} and ${end}`);
  }
  writeFileSync(path, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
