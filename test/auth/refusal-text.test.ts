import { refusalText } from '../../src/auth/refusal-text';

describe('refusalText', () => {
  it.each([
    ['50011', 'operator'],
    ['50105', 'administrator'],
    ['65001', 'you'],
    ['65004', 'you'],
    ['700016', 'operator'],
    ['7000215', 'operator'],
    ['7000222', 'operator'],
    ['53003', 'administrator'],
    ['50076', 'you'],
    ['50079', 'you'],
    ['50034', 'you'],
    ['50057', 'administrator'],
    ['50020', 'you'],
    ['54005', 'you'],
    ['50058', 'you'],
    ['90094', 'administrator'],
    ['90072', 'you'],
    ['16000', 'you'],
    ['50126', 'you'],
    ['53000', 'you'],
    ['53001', 'you'],
    ['530003', 'you'],
    ['500113', 'operator'],
    ['700054', 'operator'],
  ])('knows AADSTS%s and that it is for: %s', (aadsts, actor) => {
    const text = refusalText({ error: 'nobody_knows', aadsts });
    expect(text.actor).toBe(actor);
    expect(text.meaning).toMatch(/^[A-Z].+\.$/);
    expect(text.action).toMatch(/^[A-Z].+\.$/);
  });

  it.each([
    'access_denied',
    'login_required',
    'consent_required',
    'interaction_required',
    'temporarily_unavailable',
    'server_error',
  ])('falls back to the error name %s', (error) => {
    const text = refusalText({ error, aadsts: '99999' });
    expect(text).not.toEqual(refusalText({ error: 'nobody_knows' }));
    expect(text.actor).toBe('you');
  });

  it.each(['nobody_knows', 'constructor', '__proto__'])('has words for %s too', (error) => {
    expect(refusalText({ error }).actor).toBe('operator');
  });
});
