/** Always the same: the tear-down in infra/README.md and whoever waits for it (`az deployment group wait`) find it by this name. */
export const deploymentName = 'anteroom';
