import { AzFailure } from './az-failure.mjs';
import { az } from './az.mjs';
import { checkAnswer } from './check-answer.mjs';
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
  const account = asked(
    ['account', 'show', '--query', '{id:tenantId,user:user.name}'],
    ['id', 'user'],
  );
  const cloud = asked(
    [
      'cloud',
      'show',
      '--query',
      '{graph:endpoints.microsoftGraphResourceId,authority:endpoints.activeDirectory}',
    ],
    ['graph', 'authority'],
  );
  const graph = cloud.graph.replace(/\/$/, '');
  const told = cloud.authority.replace(/\/$/, '');
  const authority = renamed.get(told) ?? told;
  return {
    id: account.id,
    user: account.user,
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

/** @param {readonly string[]} command @param {readonly string[]} texts @returns {any} */
function asked(command, texts) {
  try {
    const answer = az(command);
    checkAnswer(answer, { texts });
    return answer;
  } catch (error) {
    if (!(error instanceof AzFailure)) throw error;
    throw new Stop(explainFailure(error, 'see who is signed in', 'a sign-in'));
  }
}
