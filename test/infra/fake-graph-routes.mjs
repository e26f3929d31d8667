import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/**
 * What Microsoft Graph takes, form by form, and what it does then; each ends with `answer` or `refuse`, which do not
 * come back. Only the forms that learn.microsoft.com/graph/api lists and entra-app.sh needs.
 */
export function graphRoutes({ tenant, body, isUpsert, address, answer, refuse }) {
  const missing = (what) =>
    refuse(
      404,
      'Request_ResourceNotFound',
      `Resource '${what}' does not exist or one of its queried reference-property objects are not present.`,
    );

  const newId = () => `${String((tenant.count += 1)).padStart(8, '0')}-0000-4000-8000-0000000a99a9`;

  /** Without what Graph gives to nobody. */
  function shown(application) {
    return {
      ...application,
      appRoles: (application.appRoles ?? []).map((role) => ({ ...role, origin: 'Application' })),
      passwordCredentials: application.passwordCredentials.map(({ secretText, ...held }) => ({
        ...held,
        secretText: null,
      })),
    };
  }
  const applicationBy = (key, value) => tenant.applications.find((one) => one[key] === value);
  const known = (key, value) => applicationBy(key, value) ?? missing(value);
  const principalBy = (key, value) => tenant.servicePrincipals.find((one) => one[key] === value);

  function checkRoles(application, roles) {
    if (roles.some((role) => 'origin' in role))
      refuse(400, 'Request_BadRequest', 'origin is read-only');
    for (const held of (application.appRoles ?? []).filter(({ isEnabled }) => isEnabled)) {
      const next = roles.find(({ id }) => id === held.id);
      if (next?.value === held.value) continue;
      refuse(
        400,
        'CannotDeleteOrUpdateEnabledEntitlement',
        'Permission (scope or role) cannot be deleted or updated unless disabled first.',
      );
    }
    const values = roles.map(({ value }) => value);
    if (new Set(values).size < values.length)
      refuse(400, 'Request_BadRequest', 'value is not unique');
  }
  function checkUniqueName(name) {
    const all = [...tenant.applications, ...tenant.deleted];
    if (all.some(({ uniqueName }) => uniqueName === name)) {
      refuse(
        400,
        'Request_BadRequest',
        'Another object with the same value for property uniqueName already exists.',
      );
    }
  }
  function update(application, changes) {
    if ('passwordCredentials' in changes || 'appId' in changes)
      refuse(400, 'Request_BadRequest', 'read-only');
    if (changes.uniqueName !== undefined) {
      if (application.uniqueName) refuse(400, 'Request_BadRequest', 'uniqueName is immutable');
      checkUniqueName(changes.uniqueName);
    }
    if (changes.appRoles !== undefined) checkRoles(application, changes.appRoles);
    Object.assign(application, changes, { web: { ...application.web, ...changes.web } });
  }
  function page(values, skip) {
    const size = 2;
    const rest =
      skip + size < values.length
        ? { '@odata.nextLink': `${address}?$skiptoken=${skip + size}` }
        : {};
    answer({ value: values.slice(skip, skip + size), ...rest });
  }

  const id = '([0-9a-f-]{36})';
  /** Method, address, what it does with the parts of the address. */
  return [
    ['GET', /^me\?\$select=id$/, () => answer({ id: 'ada' })],
    [
      'GET',
      RegExp(`^applications\\(appId='${id}'\\)(?:\\?\\$select=[A-Za-z,]+)?$`),
      (appId) => answer(shown(known('appId', appId))),
    ],
    [
      'GET',
      RegExp(`^applications/${id}\\?\\$select=[A-Za-z,]+$`),
      (objectId) => answer(shown(known('id', objectId))),
    ],
    // Listed for PowerShell only: Get-MgApplicationByUniqueName.
    [
      'GET',
      /^applications\(uniqueName='([^']+)'\)(?:\?\$select=[A-Za-z,]+)?$/,
      (name) => answer(shown(known('uniqueName', name))),
    ],
    [
      'PATCH',
      /^applications\(uniqueName='([^']+)'\)$/,
      (uniqueName) => {
        if (body.displayName === undefined)
          refuse(400, 'Request_BadRequest', 'displayName is required');
        const there = applicationBy('uniqueName', uniqueName);
        if (there !== undefined) {
          update(there, body);
          answer(undefined);
        }
        if (!isUpsert) missing(uniqueName);
        checkUniqueName(uniqueName);
        const made = {
          id: newId(),
          appId: newId(),
          passwordCredentials: [],
          federatedIdentityCredentials: [],
        };
        update(made, { ...body, uniqueName });
        tenant.applications.push(made);
        answer(shown(made));
      },
    ],
    [
      'PATCH',
      RegExp(`^applications/${id}$`),
      (objectId) => answer(update(known('id', objectId), body)),
    ],
    [
      'DELETE',
      RegExp(`^applications/${id}$`),
      (objectId) => {
        tenant.deleted.push(known('id', objectId));
        tenant.applications = tenant.applications.filter((one) => one.id !== objectId);
        answer(undefined);
      },
    ],
    [
      'POST',
      RegExp(`^applications/${id}/addPassword$`),
      (objectId) => {
        const { passwordCredentials } = known('id', objectId);
        tenant.secrets += 1;
        if (tenant.blocked !== undefined)
          mkdirSync(join(tenant.blocked, 'taken'), { recursive: true });
        if (tenant.rival !== undefined) passwordCredentials.push(tenant.rival);
        if (tenant.saved !== undefined) writeFileSync(tenant.saved.path, tenant.saved.text);
        const secretText = `s${String(tenant.secrets).padStart(2, '0')}~secret`;
        passwordCredentials.push({
          ...body.passwordCredential,
          keyId: newId(),
          hint: secretText.slice(0, 3),
        });
        answer({ ...passwordCredentials.at(-1), secretText });
      },
    ],
    [
      'POST',
      RegExp(`^applications/${id}/removePassword$`),
      (objectId) => {
        const application = known('id', objectId);
        const left = application.passwordCredentials.filter(({ keyId }) => keyId !== body.keyId);
        if (left.length === application.passwordCredentials.length) missing(body.keyId);
        application.passwordCredentials = left;
        answer(undefined);
      },
    ],
    [
      'GET',
      RegExp(`^applications/${id}/federatedIdentityCredentials$`),
      (objectId) => page(known('id', objectId).federatedIdentityCredentials, 0),
    ],
    [
      'PATCH',
      RegExp(`^applications/${id}/federatedIdentityCredentials\\(name='([^']+)'\\)$`),
      (objectId, name) => {
        const { federatedIdentityCredentials: all } = known('id', objectId);
        const same = all.find((one) => one.issuer === body.issuer && one.subject === body.subject);
        if (same !== undefined && same.name !== name)
          refuse(
            400,
            'Request_MultipleObjectsWithSameKeyValue',
            'FederatedIdentityCredential with same issuer and subject already exists',
          );
        const held = all.find((one) => one.name === name);
        if (held === undefined && !isUpsert) missing(name);
        if (held === undefined) all.push({ name, ...body });
        else Object.assign(held, body);
        answer(held === undefined ? all.at(-1) : undefined);
      },
    ],
    [
      'GET',
      RegExp(`^servicePrincipals\\(appId='${id}'\\)(?:\\?\\$select=[A-Za-z,]+)?$`),
      (appId) => answer(principalBy('appId', appId) ?? missing(appId)),
    ],
    [
      'PATCH',
      RegExp(`^servicePrincipals\\(appId='${id}'\\)$`),
      (appId) => {
        known('appId', appId);
        const held = principalBy('appId', appId);
        if (held === undefined && !isUpsert) missing(appId);
        if (held === undefined) tenant.servicePrincipals.push({ id: newId(), appId, ...body });
        else Object.assign(held, body);
        answer(held === undefined ? tenant.servicePrincipals.at(-1) : undefined);
      },
    ],
    [
      'GET',
      RegExp(`^servicePrincipals/${id}/appRoleAssignedTo(?:\\?\\$skiptoken=(\\d+))?$`),
      (resourceId, skip) =>
        page(
          tenant.assignments.filter((one) => one.resourceId === resourceId),
          Number(skip ?? 0),
        ),
    ],
    [
      'POST',
      RegExp(`^servicePrincipals/${id}/appRoleAssignedTo$`),
      (objectId) => {
        const principal = principalBy('id', objectId) ?? missing(objectId);
        const roles = known('appId', principal.appId).appRoles;
        if (!roles.some((role) => role.id === body.appRoleId))
          refuse(
            400,
            'Request_BadRequest',
            'Permission being assigned was not found on application',
          );
        if (tenant.assignments.some((held) => isDeepStrictEqual(held, body)))
          refuse(
            400,
            'Request_BadRequest',
            'Permission being assigned already exists on the object',
          );
        tenant.assignments.push(body);
        answer(body);
      },
    ],
    [
      'GET',
      RegExp(`^oauth2PermissionGrants\\?\\$filter=clientId eq '${id}'$`),
      (clientId) =>
        page(
          tenant.grants.filter((one) => one.clientId === clientId),
          0,
        ),
    ],
    [
      'POST',
      /^oauth2PermissionGrants$/,
      () => {
        const isSame = (one) =>
          one.clientId === body.clientId &&
          one.resourceId === body.resourceId &&
          one.consentType === body.consentType;
        if (tenant.grants.some(isSame))
          refuse(400, 'Request_BadRequest', 'Permission entry already exists.');
        tenant.grants.push({ id: newId(), ...body });
        answer(tenant.grants.at(-1));
      },
    ],
    [
      'PATCH',
      RegExp(`^oauth2PermissionGrants/${id}$`),
      (grantId) => {
        Object.assign(tenant.grants.find((one) => one.id === grantId) ?? missing(grantId), body);
        answer(undefined);
      },
    ],
    [
      'GET',
      RegExp(
        `^directory/deletedItems/microsoft\\.graph\\.application\\?\\$filter=appId eq '${id}'&\\$select=[A-Za-z,]+$`,
      ),
      (appId) =>
        page(
          tenant.deleted.filter((one) => one.appId === appId),
          0,
        ),
    ],
    [
      'DELETE',
      RegExp(`^directory/deletedItems/${id}$`),
      (objectId) => {
        if (!tenant.deleted.some((one) => one.id === objectId)) missing(objectId);
        tenant.deleted = tenant.deleted.filter((one) => one.id !== objectId);
        answer(undefined);
      },
    ],
  ];
}
