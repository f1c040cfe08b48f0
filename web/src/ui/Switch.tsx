// One switch. It shows what is wanted; beside it a state says what is.

interface Props {
  checked: boolean;
  disabled?: boolean;
  label: string;
  onChange: (checked: boolean) => void;
}

/** The browser's own button does all that a switch does: it is reached, pressed with space and enter, and read as on or off. */
export function Switch({ checked, disabled, label, onChange }: Props) {
  return (
    <button type="button" role="switch" className="switch" aria-checked={checked} aria-label={label} disabled={disabled} onClick={() => onChange(!checked)}>
      <span />
    </button>
  );
}
