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
