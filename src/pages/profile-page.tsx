import type { Profile } from '../graph/read-profile';
import type { User } from '../sessions/session';
import { Layout } from './layout';

interface ProfilePageProps {
  readonly user: User;
  readonly profile: Profile;
}

/** The user's Microsoft Graph profile. */
export function ProfilePage({ user, profile }: ProfilePageProps) {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Account', profile.userPrincipalName],
    ['Mail', profile.mail],
    ['Job title', profile.jobTitle],
    ['Office', profile.officeLocation],
    ['Mobile', profile.mobilePhone],
    ['Language', profile.preferredLanguage],
    ['App roles', user.roles.length === 0 ? 'none' : user.roles.join(', ')],
    ['Object id', profile.id],
  ];
  return (
    <Layout title="Your profile" signedInAs={user.name}>
      <div class="head">
        <img class="photo" src="/auth/me/photo" alt="" width="80" height="80" />
        <div>
          <h1>{profile.displayName ?? user.name}</h1>
          <p class="soft">Read from Microsoft Graph, as you</p>
        </div>
      </div>
      <dl>
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ),
        )}
      </dl>
      <div class="actions">
        <a class="button plain" href="/">
          Home
        </a>
      </div>
    </Layout>
  );
}
