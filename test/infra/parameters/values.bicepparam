using '../../../infra/main.bicep'
import { hasAny, hasOther, isAppIdUri, isGuid, isHostName, isName, isWebAddress } from '../../../infra/values.bicep'

// Values that are judged wrongly. Each tag is to be empty: nothing wrong is taken, nothing right is refused.
@description('A label of 62 characters.')
var label = '123456789-123456789-123456789-123456789-123456789-123456789-12'

param tags = {
  takenHosts: join(filter(['', '-', 'app', 'app..contoso.com', 'app.contoso.com.', '.contoso.com', 'App.contoso.com', 'a-.contoso.com', '-a.contoso.com', 'a_b.contoso.com', 'ä.contoso.com', '10.0.0.1', 'app.contoso.com:1', 'https://app.contoso.com', 'app.contoso.com/x', 'app.contoso.com ', 'app.contoso\n.com', '${label}34.contoso.com', join([label, label, label, label, 'com'], '.')], text => isHostName(text)), ', ')
  refusedHosts: join(filter(['app.contoso.com', 'a.b', '1.2a.xn--p1ai', '${label}3.contoso.com', 'a--b.contoso.com'], text => !isHostName(text)), ', ')
  takenGuids: join(filter(['', 'x', 'zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz', '11111111-1111-4111-8111-11111111111', '11111111-1111-4111-8111-1111111111111', '111111111-111-4111-8111-111111111111', '{1111111-1111-4111-8111-11111111111}', ' 1111111-1111-4111-8111-111111111111', '11111111111141118111111111111111', '11111111-1111-4111-8111-11111111111\n'], text => isGuid(text)), ', ')
  refusedGuids: join(filter(['11111111-1111-4111-8111-111111111111', '9188040D-6C67-4c5b-b112-36a304b66dad'], text => !isGuid(text)), ', ')
  takenUris: join(filter(['', 'api://', 'https://', 'API://x/y', 'Https://x.y', 'http://x.y', 'urn:x', 'api:x', 'api:///x', 'api://x//y', 'api://x/y/', 'api://x/y?', 'api://x/y#', 'api://x y', ' api://x', 'api://x ', 'api://x\t', 'api://ä', 'api://x://y', 'api://a"b', 'api://${join(map(range(0, 50), i => 'abcde'), '')}'], text => isAppIdUri(text)), ', ')
  refusedUris: join(filter(['api://x', 'api://contoso.com/a-b_c~d:e', 'https://app.contoso.com/mcp', 'api://11111111-1111-4111-8111-111111111111'], text => !isAppIdUri(text)), ', ')
  takenAddresses: join(filter(['', 'https://', 'HTTPS://a.b', 'http://a.b', 'https:///a.b', 'https://a', 'https://a.b:99999', 'https://me@a.b', 'https://a.b?x', 'https://a.b/#x', 'https://a.b/x y', ' https://a.b', 'https://a.b//c', 'https://a..b/c'], text => isWebAddress(text)), ', ')
  refusedAddresses: join(filter(['https://graph.microsoft.us/v1.0', 'https://Login.microsoftonline.us/organizations/v2.0', 'https://a.b/'], text => !isWebAddress(text)), ', ')
  takenNames: join(filter(['', ' ', 'a b', 'a\tb', 'a\nb', '.a', 'é', 'a"b', 'a\\b', 'a\u{200d}b', 'a\u{1f600}'], text => isName(text)), ', ')
  refusedNames: join(filter(['reader', 'a.', 'Notes.Read', 'a:!#$%&\'()*+,-./;<=>?@[]^_`{|}~9Z', 'https://graph.microsoft.com/.default'], text => !isName(text)), ', ')
  characters: hasOther('', '') || hasOther('ab', 'abc') || !hasOther('aB', 'ab') || hasAny('', 'a') || hasAny('A', 'a') || !hasAny('xa', 'ab') ? 'wrong' : ''
}
param graphScopes = []
