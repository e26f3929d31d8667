// Says what is wrong with the package in dist/package, as the tools of the field see it: what its package.json promises
// (publint), and the types that TypeScript finds in each way in which it can look for them (are the types wrong).
// The argument is the tarball that npm made of it.
import { readFile } from 'node:fs/promises';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const tarball = await readFile(process.argv[2]);
const { messages, pkg } = await publint({
  pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length) },
  strict: true,
});
const { types, problems = [] } = await checkPackage(createPackageFromTarballData(tarball));
const faults = [
  ...messages.map((message) => formatMessage(message, pkg, { color: false })),
  ...(types === false ? ['There are no types.'] : []),
  ...problems.map((problem) => JSON.stringify(problem)),
];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
