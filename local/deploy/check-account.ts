import { isObject } from '../../src/is-object';
import type { Az } from './az';
import { AzFailure } from './az';
import { DeployError } from './deploy-error';
import type { DeployOptions } from './read-deploy-options';

/** Who deploys, and where to. */
export interface Account {
  readonly subscriptionId: string;
  readonly subscriptionName: string;
  readonly tenantId: string;
  readonly userName: string;
  readonly isUser: boolean;
}

/** @throws DeployError when nobody is signed in, or in another tenant than asked for */
export async function checkAccount(
  az: Az,
  { tenant, subscription }: DeployOptions,
): Promise<Account> {
  let shown: unknown;
  try {
    shown = await az(['account', 'show']);
  } catch (error) {
    if (!(error instanceof AzFailure)) throw error;
    const isUnknown = subscription !== undefined && !/az login/i.test(error.output);
    throw new DeployError(
      isUnknown
        ? `The subscription ${subscription} is not among yours.`
        : 'You are not signed in to Azure.',
      [
        isUnknown
          ? 'See yours: az account list --output table'
          : `az login${tenant === undefined ? '' : ` --tenant ${tenant}`}`,
        `az says: ${error.output}`,
      ],
    );
  }
  const account = readAccount(shown);
  if (tenant !== undefined && account.tenantId !== tenant.toLowerCase()) {
    throw new DeployError(
      `You are signed in to the tenant ${account.tenantId}, and wanted ${tenant}.`,
      [
        `az login --tenant ${tenant}`,
        'Then choose the subscription: az account set --subscription ID',
      ],
    );
  }
  return account;
}

function readAccount(shown: unknown): Account {
  const user = isObject(shown) && isObject(shown['user']) ? shown['user'] : {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const account = isObject(shown) ? shown : {};
  return {
    subscriptionId: text(account['id']),
    subscriptionName: text(account['name']),
    tenantId: text(account['tenantId']).toLowerCase(),
    userName: text(user['name']),
    isUser: text(user['type']) === 'user',
  };
}
