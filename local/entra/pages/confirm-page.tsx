import type { SeededUser } from '../seeded-user';
import { page } from './page';

/** Asks the person to confirm who they are, where Microsoft Entra ID would ask for a second factor. */
export function confirmPage(options: { readonly user: SeededUser; readonly app: string }): string {
  return page({
    title: 'Confirm that it is you',
    children: (
      <>
        <p>
          {options.app} asks for more proof than the sign-in of {options.user.name} (
          {options.user.username}) gave. Microsoft Entra ID would ask for a second factor now.
        </p>
        <form method="post" class="answers">
          <button class="primary" name="confirm" value="yes">
            It is me
          </button>
          <button name="confirm" value="no">
            Cancel
          </button>
        </form>
      </>
    ),
  });
}
