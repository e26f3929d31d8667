import type { ComponentChildren } from 'preact';
import { type Control, numberOf, offerAll, textOf } from './control';
import {
  ChoiceField,
  type ControlForm,
  controlPage,
  controlPageHeaders,
  type ControlPanel,
  FieldsForm,
  TextField,
  TimesField,
  wordOptions,
} from './control-page';

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
