/** An account of the stand-in's directory, with what Microsoft Graph tells about it. */
export interface SeededUser {
  /** `oid`, a GUID. */
  readonly objectId: string;
  /** `tid`. Another tenant's than the stand-in's: the app must refuse the person. */
  readonly tenantId: string;
  readonly name: string;
  /** `preferred_username`. */
  readonly username: string;
  /** Values of app roles. */
  readonly roles: readonly string[];
  /** What this account is there to show, in one line. */
  readonly note: string;
  /** False: the consent page comes first. */
  readonly consented: boolean;
  /** True: sign-in and refresh fail with AADSTS50057. */
  readonly disabled: boolean;
  readonly givenName: string;
  readonly surname: string;
  /** Differs from `username` for guests only. */
  readonly userPrincipalName?: string;
  readonly jobTitle?: string;
  readonly mail?: string;
  readonly mobilePhone?: string;
  readonly businessPhones?: readonly string[];
  readonly officeLocation?: string;
  readonly preferredLanguage?: string;
  readonly hasPhoto?: boolean;
  /** Names of the groups the person is in: `/me/memberOf`. */
  readonly groups?: readonly string[];
}
