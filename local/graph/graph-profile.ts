import type { SeededUser } from '../entra/seeded-user';

/** The user resource of Microsoft Graph v1.0, as `GET /me` gives it without `$select`. */
export function graphProfileOf(user: SeededUser): Record<string, unknown> {
  return {
    businessPhones: user.businessPhones ?? [],
    displayName: user.name,
    givenName: user.givenName,
    jobTitle: user.jobTitle ?? null,
    mail: user.mail ?? null,
    mobilePhone: user.mobilePhone ?? null,
    officeLocation: user.officeLocation ?? null,
    preferredLanguage: user.preferredLanguage ?? null,
    surname: user.surname,
    userPrincipalName: user.userPrincipalName ?? user.username,
    id: user.objectId,
  };
}
