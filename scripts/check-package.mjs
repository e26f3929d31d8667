// Says what is wrong with packages, as the tools of the field see it: what package.json promises (publint), and the types
// that TypeScript finds in each way in which it can look for them (are the types wrong). The arguments are tarballs of npm.
import { readFile } from 'node:fs/promises';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

for (const path of process.argv.slice(2)) {
  const tarball = await readFile(path);
  for (const fault of [...(await promises(tarball)), ...(await types(tarball))]) {
    console.error(`${path}: ${fault}`);
    process.exitCode = 1;
  }
}

async function promises({ buffer, byteOffset, length }) {
  const tarball = buffer.slice(byteOffset, byteOffset + length);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return messages.map((message) => formatMessage(message, pkg, { color: false }));
}

/** A package without types, such as a command, has nothing wrong with them. */
async function types(tarball) {
  const { problems = [] } = await checkPackage(createPackageFromTarballData(tarball));
  return problems.map((problem) => JSON.stringify(problem));
}
