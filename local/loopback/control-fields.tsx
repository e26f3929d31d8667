import type { ComponentChildren } from 'preact';

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
