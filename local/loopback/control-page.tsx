import { createHash } from 'node:crypto';
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Control, ControlForm, ControlPanel } from './control';

/** A form of the control page: labels by the names of the controls that it sets. */
export interface FaultForm<Name extends string> {
  readonly legend: string;
  readonly button?: string;
  readonly fields: Readonly<Partial<Record<Name, string>>>;
}

type Controls = Readonly<Record<string, Control<unknown>>>;

/** What a stand-in can be made to do wrong. Each control can be set by JSON, and by a form if a form has a field for it. */
export interface FaultPanelOptions<Name extends string> {
  /** What it stands in for: `Microsoft Graph`. */
  readonly of: string;
  readonly controls: Readonly<Record<Name, Control<unknown>>>;
  /** By the last part of the form's address. */
  readonly forms: Readonly<Record<string, FaultForm<Name>>>;
  /** A sentence above the forms. */
  readonly intro?: () => string;
}

/** The control panel of a stand-in, with a page that is made of its controls. `POST /control/reset` resets all of them. */
export function createFaultPanel<Name extends string>({
  of,
  controls,
  forms,
  intro,
}: FaultPanelOptions<Name>): ControlPanel {
  const children = () => (
    <>
      {intro === undefined ? null : <p class="quiet">{intro()}</p>}
      <div class="grid">
        {Object.entries(forms).map(([action, form]) => (
          <FaultFields key={action} action={action} form={form} controls={controls} />
        ))}
      </div>
    </>
  );
  return {
    controls,
    actions: {
      reset() {
        for (const control of Object.values<Control<unknown>>(controls)) control.reset();
      },
    },
    forms: takeFaultForms(forms, controls),
    page: (fault) => controlPage({ of, fault, children: children() }),
    pageHeaders: controlPageHeaders,
  };
}

/** What sending each of the forms does. When a value is not acceptable, it gives a sentence about it; the others are set. */
export function takeFaultForms<Name extends string>(
  forms: Readonly<Record<string, FaultForm<Name>>>,
  controls: Controls,
): Readonly<Record<string, ControlForm>> {
  const take = ({ fields }: FaultForm<Name>, sent: URLSearchParams): string | undefined => {
    const refused = Object.keys(fields).flatMap((name) => {
      const control = controls[name];
      const isTaken = control?.offer(control.field?.read(sent, name)) !== false;
      return isTaken ? [] : [control.takes];
    });
    return refused.length === 0
      ? undefined
      : `Not accepted. Possible values: ${refused.join('; ')}.`;
  };
  return Object.fromEntries(
    Object.entries(forms).map(([action, form]) => [action, (sent) => take(form, sent)]),
  );
}

/** A form with the values that its controls have now. */
export function FaultFields<Name extends string>(props: {
  readonly action: string;
  readonly form: FaultForm<Name>;
  readonly controls: Controls;
}) {
  const { action, form, controls } = props;
  const { fields, ...texts } = form;
  return (
    <FieldsForm action={action} {...texts}>
      {Object.entries<string | undefined>(fields).map(([name, label = name]) => (
        <Field key={name} name={name} label={label} control={controls[name]} />
      ))}
    </FieldsForm>
  );
}

function Field(props: {
  readonly name: string;
  readonly label: string;
  readonly control: Control<unknown> | undefined;
}) {
  const { name, label, control: { field, value } = {} } = props;
  const text = field?.show?.(value) ?? String(value);
  switch (field?.kind) {
    case undefined:
      return null;
    case 'check':
      return <CheckField label={label} name={name} checked={value === true} />;
    case 'choice':
      return (
        <ChoiceField
          label={label}
          name={name}
          value={text}
          options={field.options?.(value) ?? []}
        />
      );
    case 'text':
      return <TextField label={label} name={name} value={text} placeholder={field.placeholder} />;
  }
}

// A tool's look: neither the app's nor the provider's.
const style = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1a1d23; --quiet: #565d6b; --line: #c9ced8;
  --edge: #757d8c; --accent: #2b57b5; --alarm: #9d1c1c; --mark: #ffe9a8; --mark-ink: #4d3900; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181d; --ink: #eceff4; --quiet: #a7afbd;
  --line: #343a45; --edge: #7d8696; --accent: #9dbcff; --alarm: #ffaaaa; --mark: #33290a;
  --mark-ink: #ffe29a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, 'Segoe UI', sans-serif; }
header { background: var(--mark); color: var(--mark-ink); padding: .5rem 1rem; text-align: center; }
main { width: min(60rem, 100% - 2rem); margin: 2rem auto 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.125rem; margin: 2rem 0 .75rem; }
p { margin: 0 0 1rem; } .quiet { color: var(--quiet); } .alarm { color: var(--alarm); font-weight: 600; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); }
fieldset { border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem 1rem; margin: 0; height: 100%; }
legend { font-weight: 600; padding: 0 .25rem; }
label { display: block; margin-bottom: .75rem; } label.check { display: flex; gap: .5rem; align-items: center; }
input:not([type=checkbox]), select { display: block; width: 100%; min-height: 2.5rem; padding: .25rem .5rem;
  font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--edge); border-radius: 6px; }
input[type=checkbox] { width: 1.25rem; height: 1.25rem; accent-color: var(--accent); }
button { font: inherit; font-weight: 600; min-height: 2.5rem; padding: .25rem 1rem; border-radius: 6px; cursor: pointer;
  border: 1px solid var(--edge); background: none; color: var(--accent); }
button:hover { border-color: var(--accent); }
.grid + form, form + p, .after { margin-top: 1rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
code { font-family: ui-monospace, Consolas, monospace; }
`;

const frame = createPageFrame(style);

/** Headers of a control page: no script, nothing from elsewhere, in no frame. */
export const controlPageHeaders = frame.headers();

/** A page on which a person changes what a stand-in does. `of`: what it stands in for. */
export function controlPage(options: {
  readonly of: string;
  /** Why the last form was not taken. */
  readonly fault?: string | undefined;
  readonly children: ComponentChildren;
}): string {
  const { of, fault, children } = options;
  return frame.page(
    `Control · local stand-in for ${of}`,
    <>
      <header>Local stand-in for {of}</header>
      <main>
        <h1>Control</h1>
        {fault === undefined ? null : (
          <p class="alarm" role="alert">
            {fault}
          </p>
        )}
        {children}
        <h2>Everything</h2>
        <form method="post" action="/control/reset">
          <button>Take every change back</button>
        </form>
        <p class="quiet">Tests use this address with JSON: GET tells the state, POST changes it.</p>
      </main>
    </>,
  );
}

/** Pages of a stand-in, with an inline stylesheet under a CSP hash and without script. */
export function createPageFrame(css: string) {
  const hash = createHash('sha256').update(css).digest('base64');
  return {
    /** A whole page. It goes to `next` by itself once it has loaded. */
    page(title: string, children: ComponentChildren, next?: string): string {
      const html = renderToString(
        <html lang="en">
          <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            {next === undefined ? null : <meta http-equiv="refresh" content={`0;url=${next}`} />}
            <title>{title}</title>
            {/* The hash in the policy is of these very characters: nothing may be escaped in them. */}
            <style dangerouslySetInnerHTML={{ __html: css }} />
          </head>
          <body>{children}</body>
        </html>,
      );
      return `<!doctype html>${html}`;
    },
    /**
     * A form may lead to `origins`, and frames may show them. Chromium applies `form-action` to redirects of a form too.
     */
    headers: (origins: Iterable<string> = []): Readonly<Record<string, string>> => {
      const allowed = [...new Set(origins)].map((origin) => ` ${origin}`).join('');
      return {
        'Content-Type': 'text/html; charset=utf-8',
        'Cache-Control': 'no-store',
        'Content-Security-Policy':
          `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'${allowed}; ` +
          `${allowed && `frame-src${allowed}; `}frame-ancestors 'none'; base-uri 'none'`,
        'Referrer-Policy': 'same-origin',
        'X-Content-Type-Options': 'nosniff',
      };
    },
  };
}

/** A form of a control page: its fields, and a button that sends them to `/control/<action>`. */
export function FieldsForm(props: {
  readonly action: string;
  readonly legend: string;
  readonly button?: string;
  readonly children?: ComponentChildren;
}) {
  const { action, legend, button = 'Set', children } = props;
  return (
    <form method="post" action={`/control/${action}`}>
      <fieldset>
        <legend>{legend}</legend>
        {children}
        <button>{button}</button>
      </fieldset>
    </form>
  );
}

/** A labelled line of text. */
export function TextField(props: {
  readonly label: string;
  readonly name: string;
  readonly value?: string | number;
  readonly placeholder?: string | undefined;
  readonly required?: boolean;
}) {
  const { label, ...input } = props;
  return (
    <label>
      {label}
      <input {...input} autocomplete="off" />
    </label>
  );
}

/** A labelled choice. `options`: value and text. */
export function ChoiceField(props: {
  readonly label: string;
  readonly name: string;
  readonly value?: string;
  readonly options: readonly (readonly [value: string, text: string])[];
}) {
  const { label, name, value, options } = props;
  return (
    <label>
      {label}
      <select name={name}>
        {options.map(([each, text]) => (
          <option key={each} value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A labelled box to tick. */
export function CheckField(props: {
  readonly label: string;
  readonly name: string;
  readonly checked: boolean;
}) {
  return (
    <label class="check">
      <input type="checkbox" name={props.name} checked={props.checked} />
      {props.label}
    </label>
  );
}
