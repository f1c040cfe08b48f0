// A menu behind a button. Most are never opened, so what opens is loaded with the first press.
import { MoreHorizontal } from 'lucide-react';
import { type ComponentProps, lazy, type ReactNode, Suspense, useState } from 'react';
import { Button } from './Button';

export interface MenuEntry {
  label: string;
  icon?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

const load = () => import('./MenuRadix');
const MenuRadix = lazy(load);

export function Menu({ label, entries }: { label: string; entries: (MenuEntry | null)[] }) {
  const [pressed, setPressed] = useState(false);
  if (!pressed) {
    return <MenuButton label={label} aria-haspopup="menu" onPointerEnter={() => void load()} onClick={() => setPressed(true)} />;
  }
  return (
    <Suspense fallback={<MenuButton label={label} />}>
      <MenuRadix label={label} entries={entries} />
    </Suspense>
  );
}

export function MenuButton({ label, ...rest }: { label: string } & ComponentProps<typeof Button>) {
  return (
    <Button {...rest} kind="quiet" size="icon-small" aria-label={label}>
      <MoreHorizontal size={17} aria-hidden />
    </Button>
  );
}
