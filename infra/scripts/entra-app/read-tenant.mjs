import { az, AzFailure } from './az.mjs';
import { explainFailure } from './explain-failure.mjs';
import { Stop } from './stop.mjs';
import { tokenAudience } from './token-audience.mjs';

const publicAuthority = 'https://login.microsoftonline.com';
const publicGraph = 'https://graph.microsoft.com';
// The Azure CLI names the old host of China; tokens name the new one as their issuer.
// https://docs.azure.cn/en-us/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
const renamed = new Map([
  ['https://login.chinacloudapi.cn', 'https://login.partner.microsoftonline.cn'],
]);

/**
 * Where the Azure CLI is signed in.
 * @returns `audience`: of the identity's tokens there; `settings`: what an app in that cloud needs; empty in the public one, whose addresses are the defaults
 * @throws {Stop} nobody is signed in
 */
export function readTenant() {
  const account = asked(['account', 'show', '--query', '{id:tenantId,user:user.name}']);
  const cloud = asked([
    'cloud',
    'show',
    '--query',
    '{graph:endpoints.microsoftGraphResourceId,authority:endpoints.activeDirectory}',
  ]);
  const graph = cloud.graph.replace(/\/$/, '');
  const told = cloud.authority.replace(/\/$/, '');
  const authority = renamed.get(told) ?? told;
  return {
    id: String(account.id),
    user: String(account.user),
    graph,
    authority,
    audience: tokenAudience(authority),
    settings: {
      ENTRA_AUTHORITY: authority === publicAuthority ? '' : `${authority}/${account.id}/v2.0`,
      ENTRA_ISSUER: '',
      GRAPH_BASE_URL: graph === publicGraph ? '' : `${graph}/v1.0`,
    },
  };
}

/** @param {readonly string[]} command @returns {any} */
function asked(command) {
  try {
    return az(command);
  } catch (error) {
    if (!(error instanceof AzFailure)) throw error;
    throw new Stop(explainFailure(error, 'see who is signed in', 'a sign-in'));
  }
}
