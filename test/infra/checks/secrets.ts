import { descendants, type Project } from '../bicep-project';

/** Functions that read a secret out of Azure, and settings that hold one. */
const forbidden: readonly (readonly [RegExp, string])[] = [
  [/\blist[A-Z]\w*\s*\(/, 'reads keys'],
  [/\bgetSecret\s*\(/, 'reads a secret'],
  [/\bAccountKey\b|SharedAccessKey|SharedAccessSignature/, 'uses a shared key'],
  [/\bAzureWebJobsStorage\s*:/, 'connects to storage by a connection string'],
  [/StorageAccountConnectionString/, 'deploys with a connection string'],
  [
    /ENTRA_CLIENT_SECRET|ENTRA_CLIENT_CERTIFICATE|KEY_RING_SECRET|TABLES_CONNECTION_STRING/,
    'sets a secret',
  ],
  [/\b(passwordCredentials|keyCredentials)\b/, 'gives the application a secret'],
  [/Microsoft\.KeyVault\/vaults\/secrets/, 'keeps a secret'],
];

/** Nothing of the template is a secret, reads one, or shows one. */
export function findSecretFaults(project: Project): string[] {
  return [...project.values()].flatMap((file) => {
    const code = withoutComments(file.source);
    const secure = file.parameters.filter(({ isSecure }) => isSecure).map(({ name }) => name);
    return [
      ...forbidden.filter(([form]) => form.test(code)).map(([, fault]) => fault),
      ...file.parameters
        .filter(({ name, isSecure }) => !isSecure && looksSecret(name))
        .map(({ name }) => `parameter ${name} looks like a secret`),
      ...file.parameters
        .filter(({ isSecure, fallback }) => isSecure && fallback !== undefined && fallback !== "''")
        .map(({ name }) => `parameter ${name} has a secret as its default`),
      ...file.outputs
        .filter(
          ({ name, value }) =>
            looksSecret(name) || /connectionString|instrumentationKey/i.test(value),
        )
        .map(({ name }) => `output ${name} looks like a secret`),
      ...file.outputs
        .filter(({ value }) => secure.some((name) => new RegExp(`\\b${name}\\b`).test(value)))
        .map(({ name }) => `output ${name} shows a secure parameter`),
    ].map((fault) => `${file.path}: ${fault}`);
  });
}

/** A package address may carry a signature, so it counts as a secret. */
function looksSecret(name: string): boolean {
  return /secret|password|pwd|credential|signature|sas$|accountKey|packageUri|connectionString/i.test(
    name,
  );
}

function withoutComments(source: string): string {
  return source.replace(/^\s*\/\/.*$/gm, '');
}

/** Hosts differ between clouds; `environment()` knows them. The list is the compiler's. */
const cloudHosts =
  /core\.windows\.net|login\.microsoftonline\.com|management\.azure\.com|vault\.azure\.net|graph\.windows\.net|azurewebsites\.net/;

export function findHardCodedHosts(project: Project): string[] {
  return [...project.values()].flatMap((file) =>
    descendants(file.root)
      .filter(({ type, text }) => type === 'string' && cloudHosts.test(text))
      .map(({ startPosition, text }) => `${file.path}:${startPosition.row + 1}: ${text}`),
  );
}
