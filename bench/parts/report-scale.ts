import { formatTable } from './report';
import { model, type Scale, simulateScale, simulateSweep, targets } from './simulate';

/** US dollars for 10,000 requests to tables, locally redundant; a part of https://azure.microsoft.com/pricing/details/storage/tables/ */
const dollarsFor10000 = 0.000_36;

/** What one storage account and several carry, and what a million of each journey costs in storage, as Markdown. */
export async function scaleReport(): Promise<string> {
  const scales: Scale[] = [];
  for (const accounts of [1, 4, 16]) scales.push(await simulateScale(accounts));
  const [one] = scales;
  if (one === undefined) throw new RangeError('one account at least');
  const sweep = await simulateSweep();
  return [
    `**One storage account and several.** The session store of the app runs on tables that count requests by account and entities by partition. Targets of the service: ${number(targets.account)} requests a second of an account, ${number(targets.partition)} entities a second of a partition. Rows of ten million users are spread by a hash of the user key. A user who is active makes ${model.guarded} guarded requests and ${model.profile} profile calls an hour, and signs in every ${1 / model.signIns} hours.`,
    formatTable(
      [
        'accounts',
        'share of the fullest',
        'guarded requests a second',
        'profile calls a second',
        'sign-ins a second',
        'active users',
      ],
      scales.map(({ accounts, fullest, rates, users }) => [
        String(accounts),
        `${(fullest * 100).toFixed(2)} %`,
        number(rates.guarded),
        number(rates.profile),
        number(rates.signIns),
        number(users),
      ]),
    ),
    formatTable(
      ['journey', 'requests to storage', 'US dollars for a million'],
      (['guarded', 'profile', 'signIns'] as const).map((name) => [
        { guarded: 'guarded request', profile: 'profile call', signIns: 'sign-in' }[name],
        one.calls[name].toFixed(2),
        ((one.calls[name] * 1_000_000 * dollarsFor10000) / 10_000).toFixed(3),
      ]),
    ),
    `One of each journey asked the fullest partition for ${one.entities} entities: each user has a partition, so ${number(targets.partition)} entities a second are ${number(targets.partition / one.entities)} times that, for each user.`,
    `**The sweep.** ${number(sweep.rows)} expired rows took ${number(sweep.requests)} requests. With 20 ms for each, and four minutes of each quarter of an hour, that is ${number(sweep.rowsAnHour)} rows an hour (at least 1,000,000: ${sweep.rowsAnHour >= 1_000_000 ? 'yes' : 'no'}).`,
  ].join('\n\n');
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
