import { interactionPolicy } from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { contextsOfClaims, contextsOfPolicies } from './access-policies';
import type { AccessPolicies } from './create-control-panel';
import type { Directory } from './directory';
import { graphScopesOf, readScopes } from './resources';
import type { SignInNotes } from './sign-in-notes';

const { Check, Prompt } = interactionPolicy;

export interface SignInPolicyParts {
  readonly directory: Directory;
  readonly accessPolicies: AccessPolicies;
  readonly notes: SignInNotes;
}

/**
 * When a person is asked something before the app gets a code: to sign in, to choose an account, to
 * confirm who they are, to consent. With `prompt=none` the same checks become the error that the app is answered with.
 */
export function createSignInPolicy(parts: SignInPolicyParts): interactionPolicy.Prompt[] {
  const { directory } = parts;
  return [
    new Prompt(
      { name: 'login', requestable: true },
      new Check('no_session', 'AADSTS50058', 'login_required', ({ oidc }) => {
        return directory.find(oidc.session?.accountId) === undefined;
      }),
      new Check('disabled', 'AADSTS50057', 'interaction_required', ({ oidc }) => {
        return directory.find(oidc.session?.accountId)?.disabled === true;
      }),
      new Check('too_old', 'AADSTS50058', 'login_required', ({ oidc }) => {
        const maxAge = Number(oidc.params?.['max_age'] ?? NaN);
        const signedInAt = oidc.session?.loginTs ?? 0;
        return Math.floor(Date.now() / 1000) - signedInAt > maxAge;
      }),
      new Check('other_account', 'AADSTS50058', 'login_required', ({ oidc }) => {
        const hinted = hintedUser(directory, oidc.params?.['login_hint']);
        return hinted !== undefined && hinted.objectId !== oidc.session?.accountId;
      }),
    ),
    new Prompt({ name: 'select_account', requestable: true }),
    new Prompt(
      { name: 'confirm', requestable: false },
      new Check('not_confirmed', 'AADSTS50076', 'interaction_required', (context) => {
        return missingContexts(parts, context).length > 0;
      }),
    ),
    new Prompt(
      { name: 'consent', requestable: true },
      new Check('no_consent', 'AADSTS65001', 'consent_required', (context) => {
        return missingConsent(directory, context).length > 0;
      }),
    ),
  ];
}

// The scopes are read from the request itself: oidc-provider forgets those it does not know.
function missingConsent(directory: Directory, context: KoaContextWithOIDC): string[] {
  const asked = graphScopesOf(readScopes(context.query['scope']));
  return directory.missingConsent(context.oidc.session?.accountId ?? '', ['openid', ...asked]);
}

/** The authentication contexts that this request needs and this session has not satisfied. */
function missingContexts(
  { directory, accessPolicies, notes }: SignInPolicyParts,
  { oidc, query }: KoaContextWithOIDC,
): string[] {
  const user = directory.find(oidc.session?.accountId);
  if (user === undefined) return [];
  const { acrs } = notes.ofSession(oidc.session?.uid);
  const scopes = readScopes(query['scope']);
  const wanted = [
    ...contextsOfClaims(query['claims']),
    ...contextsOfPolicies(accessPolicies.value, directory, user, scopes),
  ];
  return wanted.filter((context) => !acrs.includes(context));
}

function hintedUser(directory: Directory, hint: unknown) {
  return typeof hint === 'string' ? directory.findByHint(hint) : undefined;
}
