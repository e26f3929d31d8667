#!/usr/bin/env bash
# Makes, updates or removes the Entra app registration with the Azure CLI, for people whose tenant separates the roles.
# Run it as often as you like: it finds the registration again by its unique name, or by the id that you give.
set -euo pipefail

usage() {
  cat <<'TEXT'
For an app in Azure (what `npm run deploy` prints):
  entra-app.sh --url https://HOST --identity PRINCIPAL_ID --unique-name NAME [options]
For local development, with a secret in local.settings.json, which is never committed:
  entra-app.sh --local [--port 7071] [options]
Clean-up, by id, for good:
  entra-app.sh --delete APP_ID

Options:
  --name TEXT            what people see when they sign in (Anteroom)
  --admin OBJECT_ID      user or group that gets the app role admin; as often as needed
  --assignment-required  only people with an assignment may sign in
  --consent              consent for everybody (Privileged Role Administrator)
  --new-secret           with --local: a new secret although there is one
TEXT
}

fail() {
  echo "entra-app.sh: $1" >&2
  exit 1
}

url='' identity='' unique_name='' display_name='Anteroom' port=7071 delete_id=''
is_local=false assignment_required=false consent=false new_secret=false
admins=()
while [ $# -gt 0 ]; do
  case "$1" in
    --url) url="${2%/}"; shift 2 ;;
    --identity) identity="$2"; shift 2 ;;
    --unique-name) unique_name="$2"; shift 2 ;;
    --name) display_name="$2"; shift 2 ;;
    --admin) admins+=("$2"); shift 2 ;;
    --port) port="$2"; shift 2 ;;
    --delete) delete_id="${2:-none}"; shift 2 ;;
    --local) is_local=true; shift ;;
    --assignment-required) assignment_required=true; shift ;;
    --consent) consent=true; shift ;;
    --new-secret) new_secret=true; shift ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; fail "unknown option $1" ;;
  esac
done

command -v az >/dev/null || fail 'the Azure CLI (az) is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli'
tenant=$(az account show --query tenantId --output tsv 2>/dev/null) || fail 'you are not signed in: az login'
cloud_query() { az cloud show --query "$1" --output tsv; }
graph=$(cloud_query endpoints.microsoftGraphResourceId)
graph="${graph%/}/v1.0"
authority=$(cloud_query endpoints.activeDirectory)
authority="${authority%/}"

# Before anything is made: a file that git would take must not get a secret.
if $is_local; then
  git check-ignore --quiet local.settings.json || fail 'local.settings.json is not ignored by git: run this in the root of the repository'
fi

# graph_get URL QUERY: prints a value, nothing when the object is not there.
graph_get() { az rest --method GET --url "$1" --query "$2" --output tsv 2>/dev/null || true; }
# graph_put URL BODY: makes the object, or changes it where it exists (https://learn.microsoft.com/graph/api/application-upsert).
graph_put() {
  az rest --method PATCH --url "$1" --body "$2" \
    --headers Content-Type=application/json Prefer=create-if-missing --output none
}

if [ -n "$delete_id" ]; then
  [[ "$delete_id" =~ ^[0-9a-fA-F-]{36}$ ]] || fail '--delete wants the application (client) id, not a name'
  object_id=$(graph_get "$graph/applications(appId='$delete_id')" id)
  if [ -n "$object_id" ]; then
    echo "Deleting $(graph_get "$graph/applications(appId='$delete_id')" displayName) ($delete_id)"
    az rest --method DELETE --url "$graph/applications/$object_id" --output none
  else
    object_id=$(graph_get "$graph/directory/deletedItems/microsoft.graph.application?\$filter=appId%20eq%20'$delete_id'" 'value[0].id')
    [ -n "$object_id" ] || fail "there is no registration $delete_id in the tenant $tenant"
  fi
  # Deleted registrations hold their unique name for thirty days, and a new one could not be made.
  for attempt in 1 2 3 4 5; do
    if az rest --method DELETE --url "$graph/directory/deletedItems/$object_id" --output none 2>/dev/null; then
      echo 'Deleted for good.'
      exit 0
    fi
    [ "$attempt" -eq 5 ] || sleep "${ENTRA_APP_PAUSE:-5}"
  done
  fail "deleted, but not for good yet: run this again in a minute"
fi

if $is_local; then
  url="http://localhost:$port"
  me=$(az ad signed-in-user show --query id --output tsv)
  unique_name="${unique_name:-anteroom-local-$me}"
  [ "$display_name" != 'Anteroom' ] || display_name='Anteroom (local development)'
else
  [[ "$url" =~ ^https://[^/]+$ ]] || fail '--url wants the public origin, https and without a path'
  [[ "$identity" =~ ^[0-9a-fA-F-]{36}$ ]] || fail '--identity wants the object (principal) id of the managed identity'
  [ -n "$unique_name" ] || fail '--unique-name is missing'
fi
[[ "$unique_name" =~ ^[A-Za-z0-9._-]{1,100}$ ]] || fail '--unique-name may hold letters, digits, dots, dashes and underscores'
[[ "$display_name" != *[\"\\]* ]] || fail '--name may not hold quotes or backslashes'

# The id that the template gives the role, guid(uniqueName, 'admin'), so that the two ways can take turns:
# a version 5 UUID (RFC 9562 section 5.5) under the namespace of Azure Resource Manager.
admin_role_id() {
  local hash
  hash=$(printf '\x11\xfb\x06\xfb\x71\x2d\x4d\xdd\x98\xc7\xe7\x1b\xbd\x58\x88\x30%s' "$1-admin" | openssl dgst -sha1 -r | cut -c1-32)
  printf '%s-%s-5%s-%x%s-%s\n' "${hash:0:8}" "${hash:8:4}" "${hash:13:3}" \
    $((0x${hash:16:1} & 3 | 8)) "${hash:17:3}" "${hash:20:12}"
}
role_id=$(admin_role_id "$unique_name")

# Front-channel logout takes https only, so a local registration goes without.
logout_url="\"$url/auth/front-channel-logout\""
$is_local && logout_url=null

application="$graph/applications(uniqueName='$unique_name')"
graph_put "$application" "{
  \"displayName\": \"$display_name\",
  \"signInAudience\": \"AzureADMyOrg\",
  \"appRoles\": [{
    \"id\": \"$role_id\",
    \"value\": \"admin\",
    \"displayName\": \"Administrator\",
    \"description\": \"Sees who is signed in and can end sessions.\",
    \"allowedMemberTypes\": [\"User\"],
    \"isEnabled\": true
  }],
  \"optionalClaims\": {
    \"idToken\": [
      { \"name\": \"login_hint\", \"essential\": false },
      { \"name\": \"sid\", \"essential\": false }
    ]
  },
  \"requiredResourceAccess\": [{
    \"resourceAppId\": \"00000003-0000-0000-c000-000000000000\",
    \"resourceAccess\": [{ \"id\": \"e1fe6dd8-ba31-4d61-89e7-88639da4683d\", \"type\": \"Scope\" }]
  }],
  \"web\": {
    \"homePageUrl\": \"$url\",
    \"implicitGrantSettings\": { \"enableAccessTokenIssuance\": false, \"enableIdTokenIssuance\": false },
    \"logoutUrl\": $logout_url,
    \"redirectUris\": [\"$url/auth/redirect\", \"$url/auth/signed-out\"]
  }
}"
app_id=$(graph_get "$application" appId)
[ -n "$app_id" ] || fail 'the registration was made, but cannot be read yet: run this again'

graph_put "$graph/servicePrincipals(appId='$app_id')" "{ \"appRoleAssignmentRequired\": $assignment_required }"
principal_id=$(graph_get "$graph/servicePrincipals(appId='$app_id')" id)

if ! $is_local; then
  graph_put "$application/federatedIdentityCredentials(name='app-identity')" "{
    \"description\": \"The managed identity of the app.\",
    \"audiences\": [\"api://AzureADTokenExchange\"],
    \"issuer\": \"$authority/$tenant/v2.0\",
    \"subject\": \"$identity\"
  }"
fi

for admin in ${admins[@]+"${admins[@]}"}; do
  held=$(graph_get "$graph/servicePrincipals/$principal_id/appRoleAssignedTo" "value[?principalId=='$admin' && appRoleId=='$role_id'].id")
  [ -n "$held" ] || az rest --method POST --url "$graph/servicePrincipals/$principal_id/appRoleAssignedTo" \
    --headers Content-Type=application/json --output none \
    --body "{ \"principalId\": \"$admin\", \"resourceId\": \"$principal_id\", \"appRoleId\": \"$role_id\" }"
done

if $consent; then az ad app permission admin-consent --id "$app_id"; fi

if $is_local; then
  if $new_secret || ! node infra/scripts/local-settings.mjs has-secret "$app_id"; then
    secret=$(az ad app credential reset --id "$app_id" --append --display-name 'local development' \
      --end-date "$(node -p 'new Date(Date.now() + 90 * 864e5).toISOString()')" --query password --output tsv)
    # By way of standard input: the arguments of a process can be read by others.
    printf '%s' "$secret" | node infra/scripts/local-settings.mjs write "$app_id" "$tenant" "$url"
  fi
  echo 'local.settings.json is ready: npm run host, beside npm start -- --no-app, or func start'
fi

echo "tenant        $tenant"
echo "client id     $app_id"
echo "redirect URI  $url/auth/redirect"
$is_local || echo "Next: deploy with --parameters deployEntraApp=false --parameters entraClientId=$app_id"
