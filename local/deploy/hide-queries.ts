/** The text without the queries of its addresses: that of a package's address may carry a signature (SAS). */
export function hideQueries(text: string): string {
  return text.replaceAll(/(https?:\/\/[^\s"'?]+)\?[^\s"']+/gi, '$1?...');
}
