import { createHash } from 'node:crypto';

// The namespace of Azure Resource Manager.
const namespace = Buffer.from('11fb06fb712d4ddd98c7e71bbd588830', 'hex');

/**
 * What the template function `guid` gives for the same texts, so that script and template give a role the same id:
 * a version 5 UUID (RFC 9562 section 5.5).
 * https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-string#guid
 * @param {...string} parts
 */
export function armGuid(...parts) {
  const name = Buffer.from(parts.join('-'));
  const bytes = createHash('sha1')
    .update(Buffer.concat([namespace, name]))
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
