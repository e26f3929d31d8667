import { readFileSync } from 'node:fs';
import type { Project } from './bicep-project';
import { findUncheckedTypes } from './checks/api-versions';
import { findEntraFaults } from './checks/entra';
import { findFrontDoorFaults } from './checks/front-door';
import {
  findForbiddenFlexSettings,
  findSoftSpots,
  findUnknownErrorCodes,
} from './checks/hardening';
import {
  findConditionalReads,
  findModuleFaults,
  findOrderFaults,
  findSubscriptionFaults,
} from './checks/modules';
import { findNetworkFaults } from './checks/network';
import { findOutputFaults } from './checks/outputs';
import { findRoleFaults } from './checks/roles';
import { findHardCodedHosts, findSecretFaults } from './checks/secrets';
import { findSiteFaults } from './checks/site';
import { findStateFaults } from './checks/state';
import {
  findLooseForms,
  findMissingDescriptions,
  findSyntaxFaults,
  findUnused,
} from './checks/structure';
import { findUntagged } from './checks/tags';
import { findWatchingFaults } from './checks/watching';
import { findWiringFaults } from './checks/wiring';

const errorCodes = [...readFileSync('src/errors.ts', 'utf8').matchAll(/^ {2}(ERR_\w+):/gm)].map(
  ([, code = '']) => code,
);

/** Every rule that the Bicep files are held to. Each gives one sentence for a fault, and nothing where all is well. */
export const bicepChecks = {
  'reads every file': findSyntaxFaults,
  'says what everything is': findMissingDescriptions,
  'uses everything it declares': findUnused,
  'has no loose types and no module names': findLooseForms,
  'calls modules with what they take': findModuleFaults,
  'gives each module what is meant for it': findWiringFaults,
  'shows what its outputs say': findOutputFaults,
  'tags what it makes': findUntagged,
  'reads conditional modules as such': findConditionalReads,
  'makes things in the right order': findOrderFaults,
  'does the same from a subscription': findSubscriptionFaults,
  'gives the identity its roles and no others': findRoleFaults,
  'holds no secret': findSecretFaults,
  'names no host of one cloud': findHardCodedHosts,
  'registers the application': findEntraFaults,
  'makes the app': findSiteFaults,
  'keeps state': findStateFaults,
  'puts Front Door before the app': findFrontDoorFaults,
  'closes the network': findNetworkFaults,
  'watches the app': findWatchingFaults,
  'is hardened': findSoftSpots,
  'sets nothing that Flex Consumption forbids': findForbiddenFlexSettings,
  'uses types that were looked up': findUncheckedTypes,
  'alerts on codes that exist': (project: Project) => findUnknownErrorCodes(project, errorCodes),
} as const satisfies Record<string, (project: Project) => string[]>;

export type CheckName = keyof typeof bicepChecks;
