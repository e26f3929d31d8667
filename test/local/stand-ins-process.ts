import { bypassProxyOnLoopback } from '../../src/proxy';
import { type EntraStandInOptions, startEntraStandIn } from '../../local/entra/entra-stand-in';
import { startGraphStandIn } from '../../local/graph/graph-stand-in';

/**
 * Starts both stand-ins in a process of their own, for tests: oidc-provider is an ES module that jest
 * cannot load. The parent sends the options as the only message, gets the addresses as the answer,
 * and ends the process by disconnecting.
 */

// Nothing on this machine goes through a proxy.
bypassProxyOnLoopback(process.env);
async function startBoth(options: EntraStandInOptions) {
  const entra = await startEntraStandIn(options);
  const graph = await startGraphStandIn({
    keysUrl: entra.keysUrl,
    consumersKeysUrl: entra.consumersKeysUrl,
    issuers: entra.accessTokenIssuers,
    audience: options.graphAudience,
    shape: options.shape,
    listUsers: () => entra.listUsers(),
  });
  const { url, authority, issuer, keysUrl, users } = entra;
  process.send?.({
    entra: { url, authority, issuer, keysUrl, users },
    graph: { url: graph.url, baseUrl: graph.baseUrl },
  });
}

process.once('message', (options: EntraStandInOptions) => {
  void startBoth(options);
});
process.once('disconnect', () => process.exit(0));
