/** Where things stand, as on login.microsoftonline.com. */
export function entraPaths(tenantId: string) {
  return {
    issuer: `/${tenantId}/v2.0`,
    metadata: `/${tenantId}/v2.0/.well-known/openid-configuration`,
    authorize: `/${tenantId}/oauth2/v2.0/authorize`,
    token: `/${tenantId}/oauth2/v2.0/token`,
    keys: `/${tenantId}/discovery/v2.0/keys`,
    logout: `/${tenantId}/oauth2/v2.0/logout`,
    /** The stand-in's own: account picker and consent, `/<id of the interaction>` follows. */
    signIn: `/${tenantId}/sign-in`,
  } as const;
}

export type EntraPaths = ReturnType<typeof entraPaths>;
