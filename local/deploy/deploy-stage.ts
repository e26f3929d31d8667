/** What it is at. */
export type DeployStage = 'checks' | 'template' | 'package' | 'health';

/** What a person who pressed Ctrl-C has to know. */
export const afterInterrupt: Readonly<Record<DeployStage, string>> = {
  checks: 'Stopped. Nothing was deployed.',
  template: `Stopped here, but the deployment goes on in Azure. Wait for it, then run the same command again:
  az deployment group wait --name anteroom --resource-group NAME --created
or stop it there as well: az deployment group cancel --name anteroom --resource-group NAME`,
  package: 'Stopped. Everything but the code is deployed; run the same command again.',
  health: 'Stopped. Everything is deployed; whether it is healthy was not seen.',
};
