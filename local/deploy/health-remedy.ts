import type { HealthSource } from './ask-health';
import type { TemplateOutputs } from './deploy-template';
import { dnsRecords } from './dns-records';

/**
 * What a person does when /health does not say ok, by who gave the last answer.
 * Times of Front Door: learn.microsoft.com/azure/frontdoor/front-door-faq, which says 45 minutes or, later, 20.
 */
export function healthRemedy(from: HealthSource, outputs: TemplateOutputs): readonly string[] {
  const { frontDoorHostName = '', url = '' } = outputs;
  const hasFrontDoor = frontDoorHostName !== '';
  const again = `Ask it again before changing anything: ${url}/health`;
  if (from === 'app') {
    return [
      'It names the part that fails. Log: Application Insights in the portal, table AppTraces.',
      `Roles may come into force later still. ${again}`,
    ];
  }
  if (from === 'other') {
    return [
      'That is not the answer of the app.',
      ...(hasFrontDoor ? frontDoorIsSlow : []),
      ...dnsLines(outputs),
      ...(hasFrontDoor ? ['Or the Functions host behind it'] : ['The Functions host']).map(
        (host) =>
          `${host} could not start the app. Log: Application Insights in the portal, table AppTraces.`,
      ),
      again,
    ];
  }
  return [
    'Nobody answers at that name, or the certificate is not there yet.',
    ...dnsLines(outputs),
    ...(hasFrontDoor ? frontDoorIsSlow : []),
    again,
  ];
}

const frontDoorIsSlow = [
  'Front Door takes up to 45 minutes until a new or changed profile is everywhere; till then it answers 404 or with another page of its own.',
];

function dnsLines(outputs: TemplateOutputs): readonly string[] {
  const records = dnsRecords(outputs);
  if (records.length === 0) return [];
  return [
    'The DNS must have, and then Azure makes the certificate:',
    ...records.map((record) => `  ${record}`),
  ];
}
