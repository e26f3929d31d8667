/** Always the same: the tear-down in infra/README.md and the next deployment find it by this name. */
export const deploymentName = 'anteroom';
