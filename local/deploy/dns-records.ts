import type { TemplateOutputs } from './deploy-template';

/**
 * What the DNS needs so that an own domain leads to the app, as lines for a person; empty where the app has none.
 * https://learn.microsoft.com/azure/frontdoor/standard-premium/how-to-add-custom-domain
 */
export function dnsRecords(outputs: TemplateOutputs): readonly string[] {
  const { url = '', frontDoorHostName = '', customDomainProof = '' } = outputs;
  const domain = URL.parse(url)?.hostname ?? '';
  if (frontDoorHostName === '' || domain === frontDoorHostName) return [];
  return [
    `CNAME ${domain} -> ${frontDoorHostName}`,
    customDomainProof === ''
      ? `no TXT record: ${domain} is approved already`
      : `TXT   _dnsauth.${domain} = ${customDomainProof}`,
  ];
}
