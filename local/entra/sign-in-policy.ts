import { interactionPolicy } from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Directory } from './directory';
import { graphScopesOf, readScopes } from './issue-tokens';

const { Check, Prompt } = interactionPolicy;

/**
 * When a person is asked something before the app gets a code: to sign in, to choose an account, to
 * consent. With `prompt=none` the same checks become the error that the app is answered with.
 */
export function createSignInPolicy(directory: Directory): interactionPolicy.Prompt[] {
  return [
    new Prompt(
      { name: 'login', requestable: true },
      new Check('no_session', 'AADSTS50058', 'login_required', ({ oidc }) => {
        return directory.find(oidc.session?.accountId) === undefined;
      }),
      new Check('disabled', 'AADSTS50057', 'interaction_required', ({ oidc }) => {
        return directory.find(oidc.session?.accountId)?.disabled === true;
      }),
      new Check('other_account', 'AADSTS50058', 'login_required', ({ oidc }) => {
        const hinted = hintedUser(directory, oidc.params?.['login_hint']);
        return hinted !== undefined && hinted.objectId !== oidc.session?.accountId;
      }),
    ),
    new Prompt({ name: 'select_account', requestable: true }),
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

function hintedUser(directory: Directory, hint: unknown) {
  return typeof hint === 'string' ? directory.findByHint(hint) : undefined;
}
