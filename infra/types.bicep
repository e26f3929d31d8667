metadata name = 'Shared types'
metadata description = 'Types that more than one file uses.'

@export()
@description('Tags of a resource.')
type tagsType = {
  @description('Optional. A tag: its name and its value.')
  *: string
}

@export()
@description('App role of the functions of a team.')
type appRoleType = {
  @description('Required. What withRole() asks for in code.')
  @minLength(1)
  @maxLength(120)
  value: string

  @description('Optional. What people see who give the role to others; the value without it.')
  displayName: string?

  @description('Optional. What the role is for; the value without it.')
  description: string?

  @description('Optional. Who can have the role: people and groups (User), apps as an application permission (Application), or both. People without it.')
  @minLength(1)
  allowedMemberTypes: ('User' | 'Application')[]?

  @description('Optional. False takes the role out of use. Entra ID wants that first, in a deployment of its own, before the role may be left out.')
  isEnabled: bool?
}

@export()
@description('Scope of the app itself, which other apps ask for.')
type exposedScopeType = {
  @description('Required. What withScope() asks for in code.')
  @minLength(1)
  @maxLength(120)
  value: string

  @description('Optional. What people see who are asked to agree; the value without it.')
  displayName: string?

  @description('Optional. What the scope lets an app do; the value without it.')
  description: string?

  @description('Optional. True lets administrators alone agree to it.')
  adminsOnly: bool?

  @description('Optional. False takes the scope out of use. Entra ID wants that first, in a deployment of its own, before the scope may be left out.')
  isEnabled: bool?
}

@export()
@description('Delegated permissions for one API.')
type apiPermissionType = {
  @description('Required. Application (client) id of the API.')
  appId: string

  @description('Required. The permissions, as `az ad sp show --id APP_ID --query "oauth2PermissionScopes[].{value:value,id:id}"` lists them.')
  @minLength(1)
  scopes: scopeType[]
}

@description('Delegated permission of an API.')
type scopeType = {
  @description('Required. Its name, such as Mail.Read.')
  value: string

  @description('Required. Its id.')
  id: string
}
