import { createHash } from 'node:crypto';
import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import {
  type Control,
  type ControlForm,
  type ControlPanel,
  numberOf,
  offerAll,
  textOf,
} from './control';

/** A field of a form of the control page. It sets the control of its name. */
type FaultField = {
  readonly label: string;
} & (
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** `whenEmpty`: the value that an empty field means; an empty text unless given. */
  | { readonly kind: 'text'; readonly placeholder?: string; readonly whenEmpty?: string }
  | { readonly kind: 'number' }
  /** How many requests fail; an empty field: all. It has a label of its own. */
  | { readonly kind: 'times' }
);

/** A form of the control page: its fields by the names of their controls. */
interface FaultForm<Name extends string> {
  readonly legend: string;
  readonly fields: Readonly<Partial<Record<Name, FaultField>>>;
}

/** What a stand-in can be made to do wrong. Each control can be set by JSON, and by a form if a form has a field for it. */
export interface FaultPanelOptions<Name extends string> {
  /** What it stands in for: `Microsoft Graph`. */
  readonly of: string;
  readonly controls: Readonly<Record<Name, Control<unknown>>>;
  /** By the last part of the form's address. */
  readonly forms: Readonly<Record<string, FaultForm<Name>>>;
  /** What the page says above the forms. */
  readonly intro?: () => ComponentChildren;
}

/** The control panel of a stand-in, with a page that is made of its controls. `POST /control/reset` resets all of them. */
export function createFaultPanel<Name extends string>({
  of,
  controls,
  forms,
  intro,
}: FaultPanelOptions<Name>): ControlPanel {
  const parts = Object.entries(forms).map(([action, form]) => partOf(action, form, controls));
  return {
    controls,
    actions: {
      reset() {
        for (const control of Object.values<Control<unknown>>(controls)) control.reset();
      },
    },
    forms: Object.fromEntries(parts.map(({ action, take }) => [action, take])),
    page: (fault) => controlPage({ of, fault, children: faultsPage(parts, intro?.()) }),
    pageHeaders: controlPageHeaders,
  };
}

/** A form of the page, with what its address does. */
interface FormPart {
  readonly action: string;
  readonly legend: string;
  readonly inputs: readonly FieldProps[];
  readonly take: ControlForm;
}

interface FieldProps {
  readonly name: string;
  readonly field: FaultField;
  readonly control: Control<unknown>;
}

function partOf<Name extends string>(
  action: string,
  { legend, fields }: FaultForm<Name>,
  controls: Readonly<Record<string, Control<unknown>>>,
): FormPart {
  const inputs = Object.entries<FaultField | undefined>(fields).flatMap(([name, field]) => {
    const control = controls[name];
    return field === undefined || control === undefined ? [] : [{ name, field, control }];
  });
  const take: ControlForm = (form) =>
    offerAll(
      inputs.map(({ name, field, control }) => ({ control, value: valueIn(form, name, field) })),
    );
  return { action, legend, inputs, take };
}

function faultsPage(parts: readonly FormPart[], intro: ComponentChildren) {
  return (
    <>
      {intro}
      <div class="grid">
        {parts.map(({ action, legend, inputs }) => (
          <FieldsForm key={action} action={action} legend={legend}>
            {inputs.map((input) => (
              <Field key={input.name} {...input} />
            ))}
          </FieldsForm>
        ))}
      </div>
    </>
  );
}

/** What a field of a form that was sent says. */
function valueIn(form: URLSearchParams, name: string, field: FaultField): unknown {
  switch (field.kind) {
    case 'choice':
      return textOf(form, name);
    case 'text':
      return textOf(form, name) || (field.whenEmpty ?? '');
    case 'number':
      return numberOf(form, name) ?? 0;
    case 'times':
      return numberOf(form, name);
  }
}

function Field({ name, field, control: { value } }: FieldProps) {
  const { label, kind } = field;
  if (kind === 'times') {
    return (
      <TimesField label={label} name={name} value={typeof value === 'number' ? value : null} />
    );
  }
  const text = String(value);
  if (kind === 'choice') {
    return (
      <ChoiceField label={label} name={name} value={text} options={wordOptions(field.values)} />
    );
  }
  const { placeholder } = kind === 'text' ? field : {};
  const hint = placeholder === undefined ? {} : { placeholder };
  return <TextField label={label} name={name} value={text} {...hint} />;
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

const styleHash = createHash('sha256').update(style).digest('base64');

/** Headers of a control page: no script, nothing from elsewhere, in no frame. */
export const controlPageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; ` +
    "frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** A page on which a person changes what a stand-in does. `of`: what it stands in for. */
export function controlPage(options: {
  readonly of: string;
  /** Why the last form was not taken. */
  readonly fault?: string | undefined;
  readonly children: ComponentChildren;
}): string {
  const { of, fault, children } = options;
  const html = renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`Control · local stand-in for ${of}`}</title>
        {/* The hash in the policy is of these very characters: nothing may be escaped in them. */}
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
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
          <p class="quiet">
            Tests use this address with JSON: GET tells the state, POST changes it.
          </p>
        </main>
      </body>
    </html>,
  );
  return `<!doctype html>${html}`;
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
  readonly placeholder?: string;
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

/** How often a fault still happens; an empty field: every time. */
export function TimesField(props: {
  readonly label?: string;
  readonly name: string;
  readonly value: number | null;
}) {
  const { label = 'How many requests', name, value } = props;
  return <TextField label={label} name={name} value={value ?? ''} placeholder="all" />;
}

/** Options for values that are words themselves, joined by dashes. */
export function wordOptions(values: readonly string[]): (readonly [value: string, text: string])[] {
  return values.map((value) => [value, value.replaceAll('-', ' ')] as const);
}
