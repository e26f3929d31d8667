import { quoteForShell } from './quote-for-shell';

/** What it is at. */
export type DeployStage = 'checks' | 'group' | 'template' | 'package' | 'health';

/** What a person who pressed Ctrl-C has to know. */
export function afterInterrupt(stage: DeployStage, resourceGroup: string): string {
  const deployment = `--name anteroom --resource-group ${quoteForShell(resourceGroup)}`;
  return {
    checks: 'Stopped. Nothing was deployed.',
    group: 'Stopped. Nothing was deployed, though the resource group may have been made.',
    template: `Stopped here, but a deployment that has begun goes on in Azure. Wait for it, then run the same command again:
  az deployment group wait ${deployment} --created
or stop it there as well: az deployment group cancel ${deployment}`,
    package:
      'Stopped. Everything is deployed, except perhaps the code, which was on its way; run the same command again.',
    health: 'Stopped. Everything is deployed; whether it is healthy was not seen.',
  }[stage];
}
