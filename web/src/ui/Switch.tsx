// One switch. It shows what is wanted; beside it a state says what is.
import { Switch as Radix } from 'radix-ui';

interface Props {
  checked: boolean;
  disabled?: boolean;
  label: string;
  onChange: (checked: boolean) => void;
}

export function Switch({ checked, disabled, label, onChange }: Props) {
  return (
    <Radix.Root className="switch" checked={checked} disabled={disabled ?? false} aria-label={label} onCheckedChange={onChange}>
      <Radix.Thumb asChild>
        <span />
      </Radix.Thumb>
    </Radix.Root>
  );
}
