import { isObject } from '../../src/json';
import { type Az, AzFailure } from './az';
import { DeployError } from './deploy-error';
import type { DeployOptions } from './read-deploy-options';
import { unexpectedAnswer } from './unexpected-answer';

/** Who deploys, and where to. */
export interface Account {
  readonly subscriptionId: string;
  readonly subscriptionName: string;
  readonly tenantId: string;
  readonly userName: string;
  readonly isUser: boolean;
}

/** @throws DeployError when nobody is signed in, or in another tenant than asked for */
export async function checkAccount(az: Az, options: DeployOptions): Promise<Account> {
  const { tenant } = options;
  const shown = await az(['account', 'show']).catch((error: unknown) => {
    throw error instanceof AzFailure ? refusal(error, options) : error;
  });
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
  if (options.subscription !== undefined) await checkDefaultTenant(az, account);
  return account;
}

/**
 * `az ad` answers for the tenant of the default subscription: where that is another one, people and registrations would
 * be looked up in the wrong tenant.
 */
async function checkDefaultTenant(az: Az, { subscriptionId, tenantId }: Account): Promise<void> {
  const query = '[?isDefault].tenantId | [0]';
  const found = await az(['account', 'list', '--query', query]);
  if (typeof found !== 'string' || found.toLowerCase() === tenantId) return;
  throw new DeployError(
    `The subscription ${subscriptionId} is in the tenant ${tenantId}, and az uses ${printableId(found)} for everything about people and registrations.`,
    [`az account set --subscription ${subscriptionId}`],
  );
}

/** Only an id is printed. */
function printableId(text: string): string {
  return /^[0-9a-f-]{36}$/i.test(text) ? text : 'another one';
}

/** Only what az says when nobody is signed in is that; with any other failure a sign-in would not help. */
function refusal(
  { message, output }: AzFailure,
  { tenant, subscription }: DeployOptions,
): DeployError {
  const says = `az says: ${output}`;
  if (/Please run:? ['"]?az login/i.test(output)) {
    return new DeployError('You are not signed in to Azure.', [
      `az login${tenant === undefined ? '' : ` --tenant ${tenant}`}`,
      says,
    ]);
  }
  const isUnknown = /subscription\b.*(not found|doesn't exist|not exist)/i.test(output);
  if (subscription === undefined || !isUnknown) return new DeployError(`${message}.`, [says]);
  return new DeployError(`The subscription ${subscription} is not among yours.`, [
    'See yours: az account list --output table',
    says,
  ]);
}

/** @throws DeployError where it lacks the ids, which everything after this needs */
function readAccount(shown: unknown): Account {
  const account = isObject(shown) ? shown : {};
  const user = isObject(account['user']) ? account['user'] : {};
  // In one line: names are whatever somebody once typed.
  const text = (value: unknown): string =>
    typeof value === 'string' ? value.replaceAll(/\s+/g, ' ') : '';
  const subscriptionId = text(account['id']);
  const tenantId = text(account['tenantId']).toLowerCase();
  if (subscriptionId === '' || tenantId === '') throw unexpectedAnswer('account show', shown);
  return {
    subscriptionId,
    subscriptionName: text(account['name']),
    tenantId,
    userName: text(user['name']),
    isUser: text(user['type']) === 'user',
  };
}
