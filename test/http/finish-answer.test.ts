import { finishAnswer } from '../../src/http/finish-answer';
import { continuePagePolicy, securityHeaders } from '../../src/http/security-headers';

const html = { 'Content-Type': 'text/html; charset=utf-8' };

describe('finishAnswer', () => {
  it.each([
    ['a page over https', html, true],
    ['a page over http', html, false],
    ['anything else over https', { 'Content-Type': 'application/json' }, true],
    ['no type at all', {}, false],
  ])('adds the security headers to %s', (_name, headers, isHttps) => {
    const finished = new Headers(finishAnswer({ headers }, isHttps, []).headers);
    const isHtml = 'Content-Type' in headers && headers['Content-Type'].startsWith('text/html');
    for (const [name, value] of Object.entries(securityHeaders({ isHtml, isHttps }))) {
      expect([name, finished.get(name)]).toEqual([name, value]);
    }
    expect(finished.has('strict-transport-security')).toBe(isHttps);
  });

  it('leaves a handler’s own value, in whatever case it was written', () => {
    const headers = { 'referrer-policy': 'no-referrer', 'CONTENT-SECURITY-POLICY': 'own' };
    const finished = new Headers(finishAnswer({ headers }, false, []).headers);
    expect(finished.get('referrer-policy')).toBe('no-referrer');
    expect(finished.get('content-security-policy')).toBe('own');
  });

  it('sets the cookies gathered on the way after the handler’s own', () => {
    const answer = { status: 201, body: 'made', cookies: [{ name: 'own', value: '1' }] };
    const finished = finishAnswer(answer, false, [{ name: 'gathered', value: '2' }]);
    expect(finished).toMatchObject({ status: 201, body: 'made' });
    expect(finished.cookies?.map(({ name }) => name)).toEqual(['own', 'gathered']);
  });
});

describe('securityHeaders', () => {
  it('allow a page its own style, images and forms, and nothing else', () => {
    const policy = securityHeaders({ isHtml: true, isHttps: true })['Content-Security-Policy'];
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      expect.stringMatching(/^style-src 'sha256-[A-Za-z0-9+/]{43}='$/),
      "img-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
  });

  it('allow the page that goes on one thing more: a script in a file of ours', () => {
    const policy = securityHeaders({ isHtml: true, isHttps: true })['Content-Security-Policy'];
    expect(continuePagePolicy).toBe(`${policy ?? ''}; script-src 'self'`);
  });

  it('take the devices of a computer from a page, which has no use for them', () => {
    const headers = securityHeaders({ isHtml: true, isHttps: true });
    for (const name of ['camera', 'geolocation', 'microphone', 'payment', 'usb'])
      expect(headers['Permissions-Policy']).toContain(`${name}=()`);
  });

  it('allow anything else nothing', () => {
    expect(securityHeaders({ isHtml: false, isHttps: false })).toEqual({
      'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    });
  });
});
