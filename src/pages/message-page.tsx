import type { ComponentChildren } from 'preact';
import { Layout } from './layout';

export interface PageLink {
  readonly href: string;
  readonly text: string;
}

interface MessagePageProps {
  readonly title: string;
  readonly signedInAs?: string | undefined;
  /** What to do next; the first is the main one. */
  readonly links: readonly PageLink[];
  /** Small print an operator can use: error code, number, correlation id. */
  readonly reference?: readonly string[];
  readonly children: ComponentChildren;
}

/** A page that says what happened, who must act and how: errors, refusals, signed out. */
export function MessagePage(props: MessagePageProps) {
  const { title, signedInAs, links, reference = [], children } = props;
  return (
    <Layout title={title} signedInAs={signedInAs} narrow>
      <h1>{title}</h1>
      {children}
      <div class="actions">
        {links.map((link, index) => (
          <a class={index === 0 ? 'button' : 'button plain'} href={link.href} key={link.href}>
            {link.text}
          </a>
        ))}
      </div>
      {reference.length === 0 ? null : <p class="reference">{reference.join(' · ')}</p>}
    </Layout>
  );
}
