metadata name = 'Values'
metadata description = 'What the values of parameters must be like, character by character: startsWith and endsWith of Azure take capitals and small letters for the same.'

func charactersOf(text string) string[] => map(range(0, length(text)), i => substring(text, i, 1))

@export()
@description('Whether a text has a character that is not among these.')
func hasOther(text string, characters string) bool => !empty(filter(charactersOf(text), c => !contains(characters, c)))

@export()
@description('Whether a text has one of these characters.')
func hasAny(text string, characters string) bool => !empty(filter(charactersOf(text), c => contains(characters, c)))

@export()
@description('Whether Azure reserves a word in a name. That of the Front Door endpoint begins with environmentName: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-reserved-resource-name')
func hasReservedWord(name string) bool => contains(name, 'microsoft') || contains(name, 'windows') || startsWith(name, 'login')

@export()
@description('A GUID.')
func isGuid(text string) bool =>
  join(map(split(text, '-'), part => string(length(part))), '-') == '8-4-4-4-12' && !hasOther(text, '0123456789abcdefABCDEF-')

func isLabel(text string) bool =>
  !empty(text) && length(text) < 64 && !startsWith(text, '-') && !endsWith(text, '-') && !hasOther(text, 'abcdefghijklmnopqrstuvwxyz0123456789-')

@export()
@description('A host name in lower case, such as app.contoso.com: no address of numbers.')
func isHostName(text string) bool =>
  length(text) < 254 && length(split(text, '.')) > 1 && empty(filter(split(text, '.'), label => !isLabel(label))) && !hasAny(take(last(split(text, '.')), 1), '0123456789')

@description('Letters of both cases and digits.')
var lettersAndDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

@description('An https address without port, user, query and fragment, to which paths can be added.')
func isWebAddress(text string) bool =>
  take(text, 8) == 'https://' && isHostName(toLower(split(text, '/')[2])) && !hasOther(text, '${lettersAndDigits}._~:/-') && !contains(skip(text, 8), '//')

@export()
@description('An authority of Entra ID, such as https://login.microsoftonline.us/TENANT/v2.0: what its discovery document stands under.')
func isAuthority(text string) bool =>
  isWebAddress(text) && length(split(text, '/')) > 4 && last(split(text, '/')) == 'v2.0'

@export()
@description('An address of Microsoft Graph with its version, such as https://graph.microsoft.us/v1.0.')
func isGraphUrl(text string) bool => isWebAddress(text) && contains(['v1.0', 'beta'], last(split(text, '/')))

func hostOf(uri string) string => split(split(split('${uri}//', '/')[2], '?')[0], ':')[0]

@export()
@description('A redirect URI that Entra ID takes for a web app: https://learn.microsoft.com/entra/identity-platform/reply-url')
func isRedirectUri(text string) bool =>
  length(text) < 257 && !hasAny(text, ' \t\r\n#') && (take(text, 8) == 'https://' ? !empty(hostOf(text)) : take(text, 7) == 'http://' && contains(['localhost', '127.0.0.1'], hostOf(text)))

@export()
@description('An e-mail address, such as ops@contoso.com.')
func isMailAddress(text string) bool =>
  length(split(text, '@')) == 2 && !empty(split(text, '@')[0]) && isHostName(toLower(last(split(text, '@')))) && !hasAny(text, ' \t\r\n,;<>"')

@export()
@description('An App ID URI, as the setting API_AUDIENCE takes it.')
func isAppIdUri(text string) bool =>
  (take(text, 6) == 'api://' || take(text, 8) == 'https://') && length(text) < 240 && !endsWith(text, '/') && !hasOther(text, '${lettersAndDigits}._~:/-') && length(split(text, '//')) == 2 && !contains(text, '///')

@export()
@description('A name that Entra ID takes for a role or a scope: https://learn.microsoft.com/graph/api/resources/approle')
func isName(text string) bool => !empty(text) && !startsWith(text, '.') && !hasOther(text, '${lettersAndDigits}!#$%&\'()*+,-./:;<=>?@[]^_`{|}~')
