using '../../../infra/main.bicep'
import { hasAny, hasOther, hasReservedWord, isAppIdUri, isAuthority, isGraphUrl, isGuid, isHostName, isMailAddress, isName, isRedirectUri } from '../../../infra/values.bicep'

// Values that are judged wrongly. Each tag is to be empty: nothing wrong is taken, nothing right is refused.
@description('A label of 62 characters.')
var label = '123456789-123456789-123456789-123456789-123456789-123456789-12'

param tags = {
  takenHosts: join(filter(['', '-', 'app', 'app..contoso.com', 'app.contoso.com.', '.contoso.com', 'App.contoso.com', 'a-.contoso.com', '-a.contoso.com', 'a_b.contoso.com', 'ä.contoso.com', '10.0.0.1', 'app.contoso.com:1', 'https://app.contoso.com', 'app.contoso.com/x', 'app.contoso.com ', 'app.contoso\n.com', '${label}34.contoso.com', join([label, label, label, label, 'com'], '.')], text => isHostName(text)), ', ')
  refusedHosts: join(filter(['app.contoso.com', 'a.b', '1.2a.xn--p1ai', '${label}3.contoso.com', 'a--b.contoso.com'], text => !isHostName(text)), ', ')
  reserved: hasReservedWord('my-login') || hasReservedWord('window') || !hasReservedWord('login-1') || !hasReservedWord('my-microsoft') || !hasReservedWord('windows') ? 'wrong' : ''
  takenGuids: join(filter(['', 'x', 'zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz', '11111111-1111-4111-8111-11111111111', '11111111-1111-4111-8111-1111111111111', '111111111-111-4111-8111-111111111111', '{1111111-1111-4111-8111-11111111111}', ' 1111111-1111-4111-8111-111111111111', '11111111111141118111111111111111', '11111111-1111-4111-8111-11111111111\n'], text => isGuid(text)), ', ')
  refusedGuids: join(filter(['11111111-1111-4111-8111-111111111111', '9188040D-6C67-4c5b-b112-36a304b66dad'], text => !isGuid(text)), ', ')
  takenUris: join(filter(['', 'api://', 'https://', 'API://x/y', 'Https://x.y', 'http://x.y', 'urn:x', 'api:x', 'api:///x', 'api://x//y', 'api://x/y/', 'api://x/y?', 'api://x/y#', 'api://x y', ' api://x', 'api://x ', 'api://x\t', 'api://ä', 'api://x://y', 'api://a"b', 'api://${join(map(range(0, 50), i => 'abcde'), '')}'], text => isAppIdUri(text)), ', ')
  refusedUris: join(filter(['api://x', 'api://contoso.com/a-b_c~d:e', 'https://app.contoso.com/mcp', 'api://11111111-1111-4111-8111-111111111111'], text => !isAppIdUri(text)), ', ')
  takenAuthorities: join(filter(['', 'https://', 'https://login.microsoftonline.us', 'https://login.microsoftonline.us/v2.0', 'https://login.microsoftonline.us/x', 'HTTPS://a.b/x/v2.0', 'http://a.b/x/v2.0', 'https:///x/v2.0', 'https://a/x/v2.0', 'https://a.b:99999/x/v2.0', 'https://me@a.b/x/v2.0', 'https://a.b/x/v2.0?x', 'https://a.b/#x/v2.0', 'https://a.b/x y/v2.0', ' https://a.b/x/v2.0', 'https://a.b//v2.0', 'https://a..b/x/v2.0'], text => isAuthority(text)), ', ')
  refusedAuthorities: join(filter(['https://Login.microsoftonline.us/organizations/v2.0', 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in/v2.0'], text => !isAuthority(text)), ', ')
  graphUrls: isGraphUrl('https://graph.microsoft.us') || isGraphUrl('http://a.b/v1.0') || isGraphUrl('https://a.b/v1') || !isGraphUrl('https://graph.microsoft.us/v1.0') || !isGraphUrl('https://a.b/beta') ? 'wrong' : ''
  takenRedirects: join(filter(['', 'https://', 'https:///cb', 'https://?x', 'https://a.b/c d', 'https://a.b/#c', 'https://a.b/\n', 'http://a.b/cb', 'http://localhost.contoso.com/cb', 'http://127.0.0.10/cb', 'http://', 'app://cb', '/cb', 'https://a.b/${label}${label}${label}${label}${label}'], text => isRedirectUri(text)), ', ')
  refusedRedirects: join(filter(['https://a.b/cb', 'https://a.b', 'https://a.b:8443/cb?x=1', 'https://*.contoso.com/cb', 'http://localhost', 'http://localhost:3000/cb', 'http://localhost/cb', 'http://127.0.0.1:3000/cb'], text => !isRedirectUri(text)), ', ')
  takenMail: join(filter(['', '@', 'ops', '@contoso.com', 'ops@', 'ops@contoso', 'a@b@contoso.com', 'o ps@contoso.com', 'ops@contoso.com,a', 'ops@contoso.com\n', 'Ops <ops@contoso.com>'], text => isMailAddress(text)), ', ')
  refusedMail: join(filter(['ops@contoso.com', 'O.ps+x@Contoso.co.uk'], text => !isMailAddress(text)), ', ')
  takenNames: join(filter(['', ' ', 'a b', 'a\tb', 'a\nb', '.a', 'é', 'a"b', 'a\\b', 'a\u{200d}b', 'a\u{1f600}'], text => isName(text)), ', ')
  refusedNames: join(filter(['reader', 'a.', 'Notes.Read', 'a:!#$%&\'()*+,-./;<=>?@[]^_`{|}~9Z', 'https://graph.microsoft.com/.default'], text => !isName(text)), ', ')
  characters: hasOther('', '') || hasOther('ab', 'abc') || !hasOther('aB', 'ab') || hasAny('', 'a') || hasAny('A', 'a') || !hasAny('xa', 'ab') ? 'wrong' : ''
}
param graphScopes = []
