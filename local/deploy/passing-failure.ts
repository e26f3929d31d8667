/** Why a failure may end by itself, and how often it is worth another try. */
export interface PassingFailure {
  readonly why: string;
  /** Within the patience; left out where only time bounds it. */
  readonly retries?: number;
}

/** The host cannot write the package: its check of the storage, the upload, or the token for it. */
const storageRefusal =
  /StorageAccessibleCheck|InaccessibleStorage|BlobUploadFailed|MSITokenUnavailable|AuthorizationPermissionMismatch|not authorized to perform this operation/i;
const storageWhy = 'the app may not write to the host storage yet';

/** @returns `undefined` for a failed template that would fail again */
export function passingTemplateFailure(output: string): PassingFailure | undefined {
  const isNotYetKnown =
    /Request_ResourceNotFound|Not a valid reference update|reference-property objects are not present/i;
  if (isNotYetKnown.test(output)) {
    return { why: 'Entra ID does not know yet everywhere what was made a moment ago', retries: 2 };
  }
  if (!/extensions\/onedeploy/i.test(output)) return undefined;
  if (storageRefusal.test(output)) return { why: storageWhy };
  const cannotFetch = /download|BlobNotFound|Server failed to authenticate|AuthenticationFailed/i;
  // In a first deployment the refusal may come as a bare BadRequest.
  return cannotFetch.test(output) ? undefined : { why: 'the app does not take the package yet' };
}

/**
 * What `az functionapp deployment source config-zip` says on Flex Consumption (azure-cli, appservice/custom.py,
 * enable_zip_deploy_flex): "Status Code: N" is the answer to the person's own request, logs of the deployment tell of storage.
 * @returns `undefined` for a refusal that would come again
 */
export function passingPackageFailure(output: string): PassingFailure | undefined {
  if (storageRefusal.test(output)) return { why: storageWhy };
  if (/Status Code: 409|ongoing deployment|on-going/i.test(output)) {
    return { why: 'another deployment of code is at work' };
  }
  if (/Status Code: (404|408|429|5\d\d)/i.test(output)) {
    return { why: 'the deployment service of the app is not ready' };
  }
  const noAnswer =
    /timed? ?out|Connection (aborted|reset|refused)|RemoteDisconnected|Max retries exceeded|Failed to (resolve|establish)/i;
  return noAnswer.test(output) ? { why: 'the deployment service did not answer' } : undefined;
}
