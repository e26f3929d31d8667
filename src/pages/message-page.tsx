import type { ComponentChildren } from 'preact';
import type { DoorState } from './door';
import { Door } from './door';
import { Layout, SignOutButton } from './layout';

export interface PageLink {
  readonly href: string;
  readonly text: string;
}

/** Something to tell an operator, who finds it in a log. */
export interface Reference {
  readonly name: string;
  readonly value: string;
}

interface MessagePageProps {
  readonly title: string;
  /** What the door on the page shows: `shut` for a refusal or fault. */
  readonly door?: DoorState;
  /** What to do next; the first is the main one. */
  readonly links: readonly PageLink[];
  /** Adds a button, for somebody who is signed in. */
  readonly offersSignOut?: boolean;
  /** Small print an operator can use: error code, number, correlation id. */
  readonly references?: readonly Reference[];
  readonly children: ComponentChildren;
}

/** A page that says what happened, who must act and how: errors, refusals, signed out. */
export function MessagePage(props: MessagePageProps) {
  const { title, door = 'dark', links, offersSignOut = false, references = [], children } = props;
  return (
    <Layout title={title}>
      <div class="card narrow">
        <Door state={door} size={48} />
        <h1>{title}</h1>
        {children}
        <div class="actions">
          {links.map((link, index) => (
            <a class={index === 0 ? 'button' : 'button plain'} href={link.href} key={link.href}>
              {link.text}
            </a>
          ))}
          {offersSignOut ? <SignOutButton /> : null}
        </div>
        {references.length === 0 ? null : <References references={references} />}
      </div>
    </Layout>
  );
}

function References({ references }: { readonly references: readonly Reference[] }) {
  return (
    <dl class="reference">
      {references.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
