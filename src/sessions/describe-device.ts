// First match wins: Edge and Opera also say Chrome, Chrome also says Safari, Android also says Linux.
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/.* Safari\//, 'Safari'],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/**
 * Browser and system in our own words, such as `Chrome on Windows`, for people who look through
 * lists of sessions. Nothing of the `User-Agent` header itself is kept.
 */
export function describeDevice(userAgent: string | undefined): string {
  const text = userAgent?.slice(0, 512) ?? '';
  const browser = firstMatch(browsers, text) ?? 'Unknown browser';
  const system = firstMatch(systems, text);
  return system === undefined ? browser : `${browser} on ${system}`;
}

function firstMatch(
  table: readonly (readonly [RegExp, string])[],
  text: string,
): string | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}
