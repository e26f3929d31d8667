/** @import { AzFailure } from './az-failure.mjs' */

/** What to do about a refusal, by what az said; the first that fits. @type {readonly (readonly [RegExp, string])[]} */
const remedies = [
  [
    /AADSTS|az login|refresh token|InvalidAuthenticationToken|token (has )?expired|TokenExpired/i,
    'Sign in again and run this once more: az login --allow-no-subscriptions --tenant TENANT',
  ],
  [
    /Another object with the same value for property uniqueName/i,
    'A registration that was deleted holds the unique name for thirty days. Find it at portal.azure.com, App registrations, Deleted applications: restore it, or remove it for good with entra-app.sh --delete APP_ID. If you just did, wait some minutes.',
  ],
  [
    /CannotDeleteOrUpdateEnabledEntitlement/i,
    'Entra ID changes no app role that is enabled. Disable the role admin of the registration (App registrations, App roles), then run this again.',
  ],
  [
    /ConnectionError|Max retries|NameResolution|getaddrinfo|timed out|SSLError|CERTIFICATE_VERIFY|ProxyError|did not come back/i,
    'Microsoft Graph could not be reached. Look at the network or the proxy of this machine, then run this again.',
  ],
  [
    /Request_ResourceNotFound/,
    'If what it names was made a moment ago, wait a minute and run this again. Else an id is wrong, or of another tenant.',
  ],
];

/**
 * For people: what could not be done, what the Azure CLI said, what to do.
 * @param {AzFailure} failure
 * @param {string} doing as in `read the registration`
 * @param {string} needs who may do that
 */
export function explainFailure(failure, doing, needs) {
  const isForbidden = /Authorization_RequestDenied|AccessDenied|Forbidden/.test(
    `${failure.code} ${failure.message}`,
  );
  const remedy =
    remedies.find(([sign]) => sign.test(`${failure.code} ${failure.message}`))?.[1] ??
    (isForbidden
      ? `You may not do that in this tenant. It takes ${needs}. Ask them to run the same command.`
      : 'Nothing is lost: run this again once that is mended, and it goes on where it stopped.');
  return `could not ${doing}.\nThe Azure CLI said: ${failure.message.slice(0, 2000)}\n${remedy}`;
}
