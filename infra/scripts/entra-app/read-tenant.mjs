import { az, AzFailure } from './az.mjs';
import { explainFailure } from './explain-failure.mjs';
import { Stop } from './stop.mjs';

const publicAuthority = 'https://login.microsoftonline.com';
const publicGraph = 'https://graph.microsoft.com';

/**
 * Where the Azure CLI is signed in.
 * @returns `settings`: what an app in that cloud needs; empty in the public one, whose addresses are the defaults
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
  const authority = cloud.authority.replace(/\/$/, '');
  return {
    id: String(account.id),
    user: String(account.user),
    graph,
    authority,
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
