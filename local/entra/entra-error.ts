import { errors } from 'oidc-provider';
import { entraErrors } from './entra-errors';

export type EntraErrorNumber = keyof typeof entraErrors;

/** A refusal with its number, thrown inside the provider. */
export class EntraRefusal extends errors.OIDCProviderError {
  readonly number: EntraErrorNumber;
  /** A claims request (JSON text) that the next sign-in must carry. */
  readonly claims: string | undefined;

  constructor(number: EntraErrorNumber, claims?: string) {
    super(entraErrors[number].status, entraErrors[number].error);
    this.number = number;
    this.claims = claims;
  }
}

/** What tells the errors of oidc-provider apart: their code, then words of what they say. */
const translations: readonly (readonly [RegExp, EntraErrorNumber])[] = [
  [/invalid_redirect_uri/, 50011],
  [/code_verifier|code_challenge does/, 501481],
  [/PKCE|code_challenge/, 9002325],
  [/already consumed|already used/, 54005],
  [/is expired/, 70008],
  [/redirect_uri mismatch/, 500112],
  [/account not found/, 50057],
  [/client not found|invalid_client .*client is invalid/, 700016],
  [/^invalid_client /, 7000215],
  [/^unsupported_grant_type /, 70003],
  [/^invalid_scope /, 70011],
  [/^invalid_grant /, 70000],
];

/** The number that Microsoft Entra ID would give for an error of oidc-provider. */
export function entraErrorNumberOf(error: unknown): EntraErrorNumber {
  if (error instanceof EntraRefusal) return error.number;
  if (!(error instanceof errors.OIDCProviderError)) return 90033;
  const words = `${error.error} ${error.error_description ?? ''} ${error.error_detail ?? ''}`;
  return translations.find(([pattern]) => pattern.test(words))?.[1] ?? 90014;
}

export function isEntraErrorNumber(input: unknown): input is EntraErrorNumber {
  return typeof input === 'number' && Object.hasOwn(entraErrors, input);
}
