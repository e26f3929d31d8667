import { readFlowPrompt } from './provider';
import {
  appName,
  askAgain,
  type HttpContext,
  type Interaction,
  openSession,
  refuse,
  showPage,
  type SignInContext,
} from './interaction';
import { editProfilePage, resetPasswordPage } from './pages';
import { isOffered } from './tenants';

/** Whether the page is one of the user flows of Azure AD B2C that change an account. */
export function isFlowPrompt({ prompt }: Interaction): boolean {
  return readFlowPrompt(prompt.name) !== undefined;
}

/** Shows the page: a new password for an account, or the name in the profile. */
export function showFlow(
  standIn: SignInContext,
  http: HttpContext,
  { prompt, session }: Interaction,
): void {
  const { directory, tenants } = standIn;
  const { request, response, url } = http;
  const app = appName(standIn, url);
  const user = directory.find(session?.accountId);
  if (readFlowPrompt(prompt.name) === 'edit' && user !== undefined) {
    showPage(standIn, response, 200, editProfilePage({ user, app }));
    return;
  }
  const authority = tenants.of(request);
  const users = directory.list().filter((each) => isOffered(tenants, authority, each));
  showPage(standIn, response, 200, resetPasswordPage({ users, app }));
}

/**
 * Does what the form asks, and goes back to the app with a code of this user flow. A person who cancels goes back with
 * AADB2C90091.
 */
export async function takeFlow(
  standIn: SignInContext,
  http: HttpContext,
  { prompt, session }: Interaction,
  form: URLSearchParams,
): Promise<void> {
  const { directory, notes } = standIn;
  const { request, response, url } = http;
  const isEdit = readFlowPrompt(prompt.name) === 'edit';
  const user = directory.find(isEdit ? session?.accountId : (form.get('user') ?? ''));
  const name = (form.get('name') ?? '').trim();
  const isChanged = user !== undefined && (!isEdit || directory.change(user.objectId, { name }));
  if (form.has('leave') || user === undefined || user.disabled || !isChanged) {
    await refuse(standIn, http, 'AADB2C90091');
    return;
  }
  const uid = await openSession(standIn.provider, request, response, user);
  // This request has had its answer. The next one shows the page again.
  const doneFlow = url.searchParams.get('code_challenge') ?? '';
  notes.keepSession(uid, { ...notes.ofSession(uid), doneFlow });
  askAgain(standIn, http, ['login_hint'], ['login', 'select_account']);
}
